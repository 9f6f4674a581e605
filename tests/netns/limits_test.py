# SPDX-License-Identifier: Apache-2.0
"""Bounds: connections in all, of a listener, of a source, of an endpoint with its queue; descriptors.

    python (127.0.0.1, 127.0.0.2) ──▶ 127.0.0.1:front [causeway] ──▶ 127.0.0.1:* threads of this process
"""

import socket
import time

from endpoints import TcpEndpoint, echo
from gateway import WAIT_SECONDS, Case, eventually, forwarding, free_port, main, read_exactly, stays

FEW_DESCRIPTORS = 100
RESERVE = 20


def answers(connection):
    """Whether an echo comes back; False when the connection is ended instead."""
    try:
        connection.sendall(b"ping")
        return connection.recv(4) == b"ping"
    except (ConnectionError, BrokenPipeError):
        return False


class LimitCase(Case):
    def served(self, port, source="127.0.0.1"):
        """Whether a new connection gets its echo; False when it is refused, at whichever step."""
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS, source_address=(source, 0))
        except ConnectionError:
            return False
        self.addCleanup(connection.close)
        return answers(connection)


class Bounds(LimitCase):
    def expect_bound(self, port, bound):
        """`bound` connections are served, the next is refused, and served once one of them has gone."""
        held = [self.connect(port) for _ in range(bound)]
        for connection in held:
            self.assertTrue(answers(connection))
        self.assertFalse(self.served(port), f"connection {bound + 1} was served")
        self.assertTrue(all(answers(connection) for connection in held), "the refusal touched others")
        held.pop().close()
        eventually(lambda: self.served(port), "a place that got free is given again")

    def test_of_a_listener(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"max_connections": 4}))
            self.expect_bound(port, 4)
            self.assertLessEqual(endpoint.open, 4)

    def test_of_the_process(self):
        # Whom the process has no room for stays in the kernel's queue, and is served when somebody leaves.
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address, limits={"max_connections": 3}))
            held = [self.connect(port) for _ in range(3)]
            self.assertTrue(all(answers(connection) for connection in held))
            waiting = self.connect(port)
            waiting.sendall(b"wait")
            stays(lambda: endpoint.accepted == 3, "the fourth is not served", 0.5)
            self.assertLess(gateway.cpu_share(1.0), 0.05, "no spinning meanwhile")
            held.pop().close()
            self.assertEqual(read_exactly(waiting, 4), b"wait")
            self.assertTrue(all(answers(connection) for connection in held))

    def test_of_a_source(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"max_connections_per_source": 2}))
            held = [self.connect(port) for _ in range(2)]
            self.assertTrue(all(answers(connection) for connection in held))
            self.assertFalse(self.served(port))
            self.assertTrue(self.served(port, source="127.0.0.2"), "another source has a count of its own")

    def test_the_rate_of_new_connections(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"accept_rate": 20}))
            began = time.monotonic()
            served = sum(self.served(port) for _ in range(200))
            took = time.monotonic() - began
            self.assertGreaterEqual(served, 1)
            self.assertLessEqual(served, 20 * (took + 1) + 20, "a second's worth at once, then the rate")


class Queue(LimitCase):
    def pool_of_one(self, endpoint, **rest):
        return forwarding(free_port(), {"address": endpoint.address, "max_connections": 1}, **rest)

    def start_on(self, document):
        self.start(document)
        return int(document["listeners"][0]["bind"].rsplit(":", 1)[1])

    def test_a_connection_waits_for_a_slot(self):
        with TcpEndpoint(echo) as endpoint:
            port = self.start_on(self.pool_of_one(endpoint))
            first, second = self.connect(port), None
            self.assertTrue(answers(first))
            second = self.connect(port)
            second.sendall(b"wait")
            stays(lambda: endpoint.open == 1, "the endpoint has one connection", 0.5)
            first.close()
            self.assertEqual(read_exactly(second, 4), b"wait")
            self.assertEqual(endpoint.accepted, 2)

    def test_the_wait_has_an_end(self):
        with TcpEndpoint(echo) as endpoint:
            port = self.start_on(self.pool_of_one(endpoint, timeouts={"queue": "400ms"}))
            first = self.connect(port)
            self.assertTrue(answers(first))
            began = time.monotonic()
            self.assertFalse(self.served(port))
            waited = time.monotonic() - began
            self.assertGreater(waited, 0.3)
            self.assertLess(waited, 3)
            self.assertTrue(answers(first))

    def test_the_queue_has_a_bound(self):
        with TcpEndpoint(echo) as endpoint:
            port = self.start_on(self.pool_of_one(endpoint, pool={"queue_size": 1}))
            first = self.connect(port)
            self.assertTrue(answers(first))
            waiting = self.connect(port)
            waiting.sendall(b"wait")
            stays(lambda: endpoint.open == 1, "the second waits", 0.3)
            began = time.monotonic()
            self.assertFalse(self.served(port), "the third is refused")
            self.assertLess(time.monotonic() - began, 2, "and at once")
            first.close()
            self.assertEqual(read_exactly(waiting, 4), b"wait")

    def test_one_who_waits_and_leaves_takes_no_slot(self):
        with TcpEndpoint(echo) as endpoint:
            port = self.start_on(self.pool_of_one(endpoint))
            first = self.connect(port)
            self.assertTrue(answers(first))
            self.connect(port).close()
            stays(lambda: endpoint.open == 1, "the endpoint has one connection", 0.3)
            first.close()
            self.assertTrue(eventually(lambda: self.served(port), "the slot is free for the next"))


class Descriptors(LimitCase):
    def test_at_exhaustion_it_pauses_says_so_once_and_recovers(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address, limits={"descriptor_reserve": RESERVE}),
                                 descriptors=FEW_DESCRIPTORS)
            crowd = [self.connect(port) for _ in range(FEW_DESCRIPTORS)]
            self.assertTrue(answers(crowd[0]))
            stays(lambda: gateway.child.poll() is None, "the gateway lives", 0.5)
            self.assertLessEqual(gateway.descriptors(), FEW_DESCRIPTORS)
            self.assertLess(gateway.cpu_share(2.0), 0.05, "no spinning on a listener that cannot be served")
            self.assertTrue(answers(crowd[0]), "who is in is served on")
            said = gateway.log().count("stops accepting")
            self.assertEqual(said, 1, f"it says so once, not {said} times:\n{gateway.log()}")
            for connection in crowd:
                connection.close()
            eventually(lambda: self.served(port), "it accepts again")


if __name__ == "__main__":
    main()

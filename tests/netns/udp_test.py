# SPDX-License-Identifier: Apache-2.0
"""UDP through the gateway: sessions by source, their end and their bound, errors that come back, addresses kept.

    socat, python ──▶ 127.0.0.1:front, 0.0.0.0:front [causeway] ──▶ 127.0.0.1:* threads of this process
"""

import os
import socket

from endpoints import UdpEndpoint
from gateway import WAIT_SECONDS, Case, eventually, free_port, main, nobody, stays

LARGEST = 65507  # the payload of the largest IPv4 datagram


def forwarding(port, *endpoints, host="127.0.0.1", listener=None, **rest):
    return {
        "workers": 1,
        "listeners": [{"name": "front", "bind": f"{host}:{port}", "protocol": "udp", "pool": "back",
                       **(listener or {})}],
        "pools": [{"name": "back", "endpoints": list(endpoints)}],
        **rest,
    }


class UdpCase(Case):
    def socket(self, family=socket.AF_INET, connected_to=None, seconds=WAIT_SECONDS):
        made = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.settimeout(seconds)
        if connected_to is not None:
            made.connect(connected_to)
        return made

    def answered(self, port, data, sender=None):
        sender = sender or self.socket()
        sender.sendto(data, ("127.0.0.1", port))
        return sender.recvfrom(65535)[0]


class Datagrams(UdpCase):
    def test_socat_gets_its_echo(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            got = self.tool("socat", "-t", 1, "-", f"UDP:127.0.0.1:{port}", input=b"is there an echo")
            self.assertEqual(got.stdout, b"is there an echo", got.stderr)

    def test_every_size_keeps_its_borders(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            sender = self.socket()
            for size in (0, 1, 511, 512, 1472, 1473, 9000, 40_000, LARGEST):
                data = os.urandom(size)
                self.assertEqual(self.answered(port, data, sender), data, f"{size} bytes")

    def test_a_burst_of_equal_datagrams_arrives_one_by_one(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            sender = self.socket()
            sent = [number.to_bytes(4, "big") * 100 for number in range(60)]
            for data in sent:
                sender.sendto(data, ("127.0.0.1", port))
            got = [sender.recv(65535) for _ in sent]
            self.assertEqual(got, sent, "loopback loses nothing at this size, and one session keeps order")

    def test_an_endpoint_may_answer_more_than_once(self):
        with UdpEndpoint(lambda data: None) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            sender = self.socket()
            sender.sendto(b"subscribe", ("127.0.0.1", port))
            eventually(lambda: endpoint.sources, "the endpoint hears it")
            for number in range(10):
                endpoint.socket.sendto(f"news {number}".encode(), endpoint.sources[0])
                self.assertEqual(sender.recv(100), f"news {number}".encode())

    def test_ipv6(self):
        with UdpEndpoint(address=("::1", 0), family=socket.AF_INET6) as endpoint:
            port = free_port()
            self.start(forwarding(port, f"[::1]:{endpoint.port}", host="[::1]"))
            sender = self.socket(socket.AF_INET6)
            sender.sendto(b"six", ("::1", port))
            self.assertEqual(sender.recvfrom(100)[0], b"six")

    def test_many_sources_get_their_own_answers(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            senders = [self.socket() for _ in range(200)]
            for number, sender in enumerate(senders):
                self.assertEqual(self.answered(port, f"from {number}".encode(), sender), f"from {number}".encode())
            self.assertEqual(len(endpoint.sources), 200, "one session for each source")


class Sessions(UdpCase):
    def test_a_source_keeps_its_session_until_it_is_idle(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address, listener={"timeouts": {"idle": "500ms"}}))
            at_rest = gateway.descriptors()
            sender = self.socket()
            for _ in range(5):
                self.answered(port, b"again", sender)
            self.assertEqual(len(endpoint.sources), 1)
            eventually(lambda: gateway.descriptors() <= at_rest, "the session has expired, its socket is closed")
            self.answered(port, b"and again", sender)
            self.assertEqual(len(endpoint.sources), 2, "a new session has a new source towards the endpoint")

    def test_a_session_in_use_does_not_expire(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"timeouts": {"idle": "500ms"}}))
            sender = self.socket()
            stays(lambda: self.answered(port, b"still here", sender) == b"still here", "it answers", 1.5)
            self.assertEqual(len(endpoint.sources), 1)

    def test_their_number_is_bounded(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"max_connections": 3}))
            inside = [self.socket() for _ in range(3)]
            for sender in inside:
                self.assertEqual(self.answered(port, b"in", sender), b"in")
            outside = self.socket(seconds=0.5)
            with self.assertRaises(TimeoutError):
                self.answered(port, b"one too many", outside)
            for sender in inside:
                self.assertEqual(self.answered(port, b"in", sender), b"in", "those inside go on")
            self.assertEqual(len(endpoint.sources), 3)

    def test_of_one_source_address_they_are_bounded(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"max_connections_per_source": 2}))
            for _ in range(2):
                self.assertEqual(self.answered(port, b"in"), b"in")
            with self.assertRaises(TimeoutError):
                self.answered(port, b"one too many", self.socket(seconds=0.5))
            other = self.socket()
            other.bind(("127.0.0.2", 0))
            self.assertEqual(self.answered(port, b"in", other), b"in", "another address has a count of its own")


class Addresses(UdpCase):
    def test_the_answer_comes_from_the_address_that_was_asked(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, host="0.0.0.0"))
            sender = self.socket()
            for asked in ("127.0.0.1", "127.0.0.2", "127.1.2.3", "127.0.0.1"):
                sender.sendto(b"who is it", (asked, port))
                data, source = sender.recvfrom(100)
                self.assertEqual((data, source), (b"who is it", (asked, port)))

    def test_also_on_an_ipv6_wildcard(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, host="[::]"))
            sender = self.socket(socket.AF_INET6, connected_to=("::1", port))
            sender.send(b"who is it")
            self.assertEqual(sender.recv(100), b"who is it", "a connected socket hears the asked address only")


class Errors(UdpCase):
    def test_port_unreachable_is_carried_back(self):
        port = free_port()
        gateway = self.start(forwarding(port, nobody()))
        sender = self.socket(connected_to=("127.0.0.1", port), seconds=1)

        def refused():
            try:
                sender.send(b"anybody there")
                sender.recv(100)
            except ConnectionRefusedError:
                return True
            except TimeoutError:
                return False
            return False

        eventually(refused, "the sender learns that nobody is there", 5)
        self.assertLess(gateway.cpu_share(1.0), 0.05)

    def test_an_endpoint_that_comes_back_is_used_again(self):
        port, back = free_port(), free_port()
        self.start(forwarding(port, f"127.0.0.1:{back}"))
        sender = self.socket(seconds=0.3)
        for _ in range(3):
            sender.sendto(b"hello", ("127.0.0.1", port))
        with UdpEndpoint(address=("127.0.0.1", back)):
            def answered():
                try:
                    return self.answered(port, b"now", sender) == b"now"
                except OSError:
                    return False

            eventually(answered, "the endpoint is back", 20)


if __name__ == "__main__":
    main()

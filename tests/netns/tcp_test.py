# SPDX-License-Identifier: Apache-2.0
"""TCP through the gateway: bytes, ends, resets, waits, many connections, slow readers.

    socat, curl, python ──▶ 127.0.0.1:front [causeway] ──▶ 127.0.0.1:* threads of this process, socat
"""

import http.server
import socket
import subprocess
import threading

from endpoints import DeafEndpoint, TcpEndpoint, abort, echo, hold, say
from gateway import WAIT_SECONDS, Case, eventually, forwarding, free_port, is_open, main, nobody, read_all, read_exactly, stays


class Bytes(Case):
    def test_curl_gets_a_page(self):
        page = bytes(range(256)) * 400

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port = free_port()
        self.start(forwarding(port, f"127.0.0.1:{server.server_port}"))
        got = self.tool("curl", "-sS", "--max-time", 10, f"http://127.0.0.1:{port}/")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(got.stdout, page)

    def test_socat_on_both_ends(self):
        port, back = free_port(), free_port()
        server = subprocess.Popen(["socat", f"TCP-LISTEN:{back},bind=127.0.0.1,fork,reuseaddr", "SYSTEM:tr a-z A-Z"])
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        eventually(lambda: is_open("tcp", f"127.0.0.1:{back}"), "socat listens")
        self.start(forwarding(port, f"127.0.0.1:{back}"))
        got = self.tool("socat", "-t", 10, "-", f"TCP:127.0.0.1:{port}", input=b"over the hills\n")
        self.assertEqual(got.stdout, b"OVER THE HILLS\n", got.stderr)

    def test_single_bytes_arrive_at_once(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            for byte in b"one at a time":
                connection.sendall(bytes([byte]))
                self.assertEqual(connection.recv(10), bytes([byte]))

    def test_the_endpoint_may_speak_first(self):
        with TcpEndpoint(say(b"220 ready\r\n")) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            self.assertEqual(read_all(self.connect(port)), b"220 ready\r\n")


    def test_the_log_names_the_real_source(self):
        with TcpEndpoint(say(b"hello")) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address, listener={"log_connections": True}))
            connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS, source_address=("127.0.0.9", 0))
            source = f"127.0.0.9:{connection.getsockname()[1]}"
            with connection:
                self.assertEqual(read_all(connection), b"hello")
            gateway.wait_for_log(source)


class Ends(Case):
    def test_a_delayed_answer_comes_back_after_half_close(self):
        def answer_late(connection):
            data = read_all(connection)
            threading.Event().wait(0.5)  # the other way has been over for a while when this one speaks
            connection.sendall(b"received " + data)

        with TcpEndpoint(answer_late) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            got = self.tool("socat", "-t", 10, "-", f"TCP:127.0.0.1:{port}", input=b"all of it")
            self.assertEqual(got.stdout, b"received all of it", got.stderr)

    def test_downstream_may_go_on_after_the_endpoint_has_ended(self):
        heard = []

        def end_first(connection):
            connection.sendall(b"that was me")
            connection.shutdown(socket.SHUT_WR)
            heard.append(read_all(connection))

        with TcpEndpoint(end_first) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            self.assertEqual(read_all(connection), b"that was me")
            connection.sendall(b"and this ")
            connection.sendall(b"is still me")
            connection.shutdown(socket.SHUT_WR)
            eventually(lambda: heard, "the endpoint hears the rest")
            self.assertEqual(heard, [b"and this is still me"])

    def test_a_reset_of_the_endpoint_reaches_downstream(self):
        def read_and_abort(connection):
            connection.recv(100)
            abort(connection)

        with TcpEndpoint(read_and_abort) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            connection.sendall(b"hello")
            with self.assertRaises(ConnectionResetError):
                connection.recv(100)

    def test_a_reset_of_downstream_reaches_the_endpoint(self):
        outcome = []

        def until_error(connection):
            try:
                outcome.append(read_all(connection))
            except ConnectionResetError:
                outcome.append("reset")

        with TcpEndpoint(until_error) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            connection.sendall(b"hello")
            eventually(lambda: endpoint.accepted, "the endpoint is reached")
            abort(connection)
            eventually(lambda: outcome, "the endpoint learns of it")
            self.assertEqual(outcome, ["reset"])

    def test_closing_ends_the_relay_and_frees_its_descriptors(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            at_rest = gateway.descriptors()
            connections = [self.connect(port) for _ in range(20)]
            for connection in connections:
                connection.sendall(b"x")
                self.assertEqual(connection.recv(1), b"x")
            self.assertGreaterEqual(gateway.descriptors(), at_rest + 40)
            for connection in connections:
                connection.close()
            eventually(lambda: gateway.descriptors() <= at_rest, f"descriptors are back at {at_rest}")
            eventually(lambda: endpoint.open == 0, "the endpoint's connections are over")


class Waits(Case):
    def test_an_idle_relay_is_closed_and_a_busy_one_is_not(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"timeouts": {"idle": "600ms"}}))
            idle, busy = self.connect(port), self.connect(port)
            idle.sendall(b"x")
            self.assertEqual(idle.recv(1), b"x")

            def still_answers():
                busy.sendall(b"y")
                return busy.recv(1) == b"y"

            stays(still_answers, "a busy relay answers", 1.5)
            idle.settimeout(0.2)  # its time is over: the end is already here
            with self.subTest("the idle one has ended"):
                try:
                    self.assertEqual(idle.recv(1), b"")
                except ConnectionResetError:
                    pass
            eventually(lambda: endpoint.open == 1, "the endpoint is rid of the idle one")

    def test_a_long_one_way_transfer_is_not_idle(self):
        done = threading.Event()

        def drip(connection):
            for _ in range(15):
                connection.sendall(b"d")
                done.wait(0.1)

        with TcpEndpoint(drip) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"timeouts": {"idle": "600ms"}}))
            self.assertEqual(read_all(self.connect(port)), b"d" * 15)
            done.set()

    def test_after_a_connect_timeout_the_next_endpoint_is_tried(self):
        with DeafEndpoint() as deaf, TcpEndpoint(say(b"here")) as endpoint:
            port = free_port()
            self.start(forwarding(port, deaf.address, endpoint.address, pool={"balance": "round_robin"},
                                  timeouts={"connect": "300ms"}))
            for _ in range(4):
                self.assertEqual(read_all(self.connect(port)), b"here")

    def test_after_a_refusal_the_next_endpoint_is_tried(self):
        with TcpEndpoint(say(b"here")) as endpoint:
            port = free_port()
            self.start(forwarding(port, nobody(), nobody(), endpoint.address, pool={"balance": "round_robin"}))
            for _ in range(9):
                self.assertEqual(read_all(self.connect(port)), b"here")

    def test_with_no_endpoint_alive_downstream_is_told_at_once(self):
        port = free_port()
        gateway = self.start(forwarding(port, nobody(), nobody()))
        for _ in range(5):
            try:
                # The reset may arrive while connect() still waits to be woken.
                connection = self.connect(port, seconds=3)
                self.assertEqual(connection.recv(1), b"")
            except ConnectionResetError:
                pass
        self.assertLess(gateway.cpu_share(1.0), 0.05, "a dead endpoint costs nothing at rest")


class Many(Case):
    def test_a_thousand_connections_at_once(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            at_rest = gateway.descriptors()
            connections = [self.connect(port, seconds=30) for _ in range(1000)]
            for number, connection in enumerate(connections):
                connection.sendall(f"{number:06d}".encode())
            for number, connection in enumerate(connections):
                self.assertEqual(read_exactly(connection, 6), f"{number:06d}".encode())
            self.assertEqual(endpoint.open, 1000)
            for connection in connections:
                connection.close()
            eventually(lambda: gateway.descriptors() <= at_rest, f"descriptors are back at {at_rest}")

    def test_connections_spread_over_the_endpoints(self):
        with TcpEndpoint(say(b"a")) as a, TcpEndpoint(say(b"b")) as b, TcpEndpoint(say(b"c")) as c:
            port = free_port()
            self.start(forwarding(port, a.address, b.address, c.address, pool={"balance": "round_robin"}))
            answers = [read_all(self.connect(port)) for _ in range(12)]
            self.assertEqual(sorted(answers), [b"a"] * 4 + [b"b"] * 4 + [b"c"] * 4)

    def test_several_workers_share_a_listener(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            document = forwarding(port, endpoint.address)
            document["workers"] = 3
            self.start(document)
            connections = [self.connect(port) for _ in range(60)]
            for connection in connections:
                connection.sendall(b"hello")
            for connection in connections:
                self.assertEqual(read_exactly(connection, 5), b"hello")


class SlowReaders(Case):
    def test_a_reader_that_stops_costs_bounded_memory(self):
        readers = 20
        sent = [0]
        lock = threading.Lock()

        def flood(connection):
            connection.settimeout(WAIT_SECONDS * 3)
            block = bytes(256 * 1024)
            while True:
                connection.sendall(block)
                with lock:
                    sent[0] += len(block)

        with TcpEndpoint(flood) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            at_rest_bytes = gateway.rss_bytes()
            connections = [self.connect(port) for _ in range(readers)]
            for connection in connections:
                self.assertTrue(connection.recv(1))

            def at_standstill():
                before = sent[0]
                threading.Event().wait(0.5)
                return sent[0] == before

            eventually(at_standstill, "the floods are held back")
            grown = gateway.rss_bytes() - at_rest_bytes
            self.assertLess(grown, readers * 300 * 1024, f"{grown} bytes for {readers} stalled relays")
            self.assertLess(gateway.cpu_share(1.0), 0.05, "waiting for a slow reader costs no CPU")
            got = len(read_exactly(connections[0], 8 << 20))  # it reads again, and the flow goes on
            self.assertEqual(got, 8 << 20)
            for connection in connections:
                connection.close()

    def test_one_slow_reader_does_not_slow_the_others(self):
        def flood_or_echo(connection):
            if connection.recv(1) == b"f":
                while True:
                    connection.sendall(bytes(65536))
            echo(connection)

        with TcpEndpoint(flood_or_echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            slow = self.connect(port)
            slow.sendall(b"f")
            self.assertTrue(slow.recv(1))
            quick = self.connect(port, seconds=2)
            quick.sendall(b"e")
            for _ in range(100):
                quick.sendall(b"ping")
                self.assertEqual(read_exactly(quick, 4), b"ping")


class Holding(Case):
    def test_an_upload_to_a_silent_endpoint_is_held_back(self):
        with TcpEndpoint(lambda connection: threading.Event().wait(3)) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            at_rest_bytes = gateway.rss_bytes()
            connection = self.connect(port)
            connection.setblocking(False)
            block = bytes(1 << 20)

            def refused_for_a_while():
                try:
                    connection.send(block)
                    return False
                except BlockingIOError:
                    threading.Event().wait(0.3)
                try:
                    connection.send(block)
                    return False
                except BlockingIOError:
                    return True

            eventually(refused_for_a_while, "the upload is held back")
            self.assertLess(gateway.rss_bytes() - at_rest_bytes, 1 << 20)

    def test_held_connections_do_not_age(self):
        with TcpEndpoint(hold) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connections = [self.connect(port) for _ in range(5)]
            eventually(lambda: endpoint.open == 5, "all reach the endpoint, though nobody says a word")
            for connection in connections:
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection), b"")


if __name__ == "__main__":
    main()

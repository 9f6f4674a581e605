# SPDX-License-Identifier: Apache-2.0
"""The PROXY protocol, versions 1 and 2: taken from listed networks only, and told to endpoints.

    curl, python (127.0.0.1 listed, 127.0.0.2 not) ──▶ 127.0.0.1:front [causeway] ──▶ 127.0.0.1:* a thread that records
"""

import socket
import struct

from endpoints import TcpEndpoint
from gateway import WAIT_SECONDS, Case, eventually, forwarding, free_port, main, read_all

V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1_HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"


def v2_header(source, destination, command=0x21, family=0x11, extra=b""):
    if family == 0x11:
        addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    else:
        addresses = socket.inet_pton(socket.AF_INET6, source[0]) + socket.inet_pton(socket.AF_INET6, destination[0])
    body = addresses + struct.pack("!HH", source[1], destination[1]) + extra
    return V2_SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


V2_HEADER = v2_header(("192.0.2.7", 4711), ("198.51.100.1", 443))


class Recorder(TcpEndpoint):
    """Remembers what each connection sent, answers `ok`."""

    def __init__(self):
        super().__init__(self.record)
        self.heard = []

    def record(self, connection):
        self.heard.append(read_all(connection))
        connection.sendall(b"ok")


class ProxyCase(Case):
    def through(self, data, accept=None, send="off", source="127.0.0.1", pieces=None):
        """Sends `data` through a fresh gateway; returns what downstream got back, what the endpoint heard, and the log."""
        with Recorder() as endpoint:
            port = free_port()
            listener = {"log_connections": True}
            if accept is not None:
                listener["accept_proxy"] = accept
            gateway = self.start(forwarding(port, endpoint.address, listener=listener, pool={"send_proxy": send}))
            connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS, source_address=(source, 0))
            self.addCleanup(connection.close)
            self.source_port = connection.getsockname()[1]
            self.front_port = port
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in pieces or [data]:
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
                answer = read_all(connection)
            except (ConnectionError, OSError):
                answer = b""
            return answer, b"".join(endpoint.heard), gateway


LISTED = {"from": ["127.0.0.1/32"]}


class Accepted(ProxyCase):
    def test_version_1_is_taken_off_and_believed(self):
        answer, heard, gateway = self.through(V1_HEADER + b"hello", accept=LISTED)
        self.assertEqual((answer, heard), (b"ok", b"hello"))
        gateway.wait_for_log("192.0.2.7")

    def test_version_2_is_taken_off_and_believed(self):
        answer, heard, gateway = self.through(V2_HEADER + b"hello", accept=LISTED)
        self.assertEqual((answer, heard), (b"ok", b"hello"))
        gateway.wait_for_log("192.0.2.7")

    def test_version_2_with_extensions(self):
        header = v2_header(("192.0.2.7", 4711), ("198.51.100.1", 443), extra=b"\x04\x00\x03abc")
        answer, heard, _ = self.through(header + b"hello", accept=LISTED)
        self.assertEqual((answer, heard), (b"ok", b"hello"))

    def test_version_2_local_keeps_the_real_source(self):
        header = V2_SIGNATURE + b"\x20\x00\x00\x00"
        _, heard, _ = self.through(header + b"hello", accept=LISTED, send="v1")
        self.assertEqual(heard, f"PROXY TCP4 127.0.0.1 127.0.0.1 {self.source_port} {self.front_port}\r\nhello".encode())

    def test_a_header_in_single_bytes(self):
        data = V2_HEADER + b"hello"
        _, heard, _ = self.through(data, accept=LISTED, pieces=[bytes([byte]) for byte in data])
        self.assertEqual(heard, b"hello")

    def test_from_others_it_is_ordinary_data(self):
        answer, heard, gateway = self.through(V1_HEADER + b"hello", accept=LISTED, source="127.0.0.2")
        self.assertEqual((answer, heard), (b"ok", V1_HEADER + b"hello"))
        self.assertNotIn("192.0.2.7", gateway.log())

    def test_without_the_setting_it_is_ordinary_data(self):
        _, heard, _ = self.through(V2_HEADER + b"hello")
        self.assertEqual(heard, V2_HEADER + b"hello")

    def test_where_it_is_required_its_absence_is_refused(self):
        answer, heard, _ = self.through(b"GET / HTTP/1.1\r\n\r\n", accept={**LISTED, "required": True})
        self.assertEqual((answer, heard), (b"", b""))

    def test_where_it_is_not_required_its_absence_is_fine(self):
        answer, heard, _ = self.through(b"GET / HTTP/1.1\r\n\r\n", accept=LISTED)
        self.assertEqual((answer, heard), (b"ok", b"GET / HTTP/1.1\r\n\r\n"))

    def test_a_broken_one_never_reaches_the_endpoint(self):
        for broken in (b"PROXY TCP4 192.0.2.300 198.51.100.1 4711 443\r\n", b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
                       b"PROXY " + b"x" * 200 + b"\r\n", V2_SIGNATURE + b"\x31\x11\x00\x0c" + bytes(12)):
            with self.subTest(broken[:30]):
                answer, heard, _ = self.through(broken + b"hello", accept=LISTED)
                self.assertEqual((answer, heard), (b"", b""))

    def test_curl_sends_one(self):
        with Recorder() as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"accept_proxy": LISTED}))
            self.tool("curl", "-s", "--haproxy-protocol", "--max-time", 2, "--http0.9", f"http://127.0.0.1:{port}/")
            eventually(lambda: endpoint.heard, "the endpoint hears the request")
            self.assertTrue(endpoint.heard[0].startswith(b"GET / HTTP/1.1\r\n"), endpoint.heard)


class Sent(ProxyCase):
    def test_version_1(self):
        _, heard, _ = self.through(b"hello", send="v1", source="127.0.0.2")
        self.assertEqual(heard, f"PROXY TCP4 127.0.0.2 127.0.0.1 {self.source_port} {self.front_port}\r\nhello".encode())

    def test_version_2(self):
        _, heard, _ = self.through(b"hello", send="v2", source="127.0.0.2")
        self.assertEqual(heard, v2_header(("127.0.0.2", self.source_port), ("127.0.0.1", self.front_port)) + b"hello")

    def test_what_was_accepted_is_passed_on(self):
        _, heard, _ = self.through(V1_HEADER + b"hello", accept=LISTED, send="v2")
        self.assertEqual(heard, V2_HEADER + b"hello")

    def test_ipv6_that_was_accepted_is_passed_on(self):
        header = v2_header(("2001:db8::7", 4711), ("2001:db8::1", 443), family=0x21)
        _, heard, _ = self.through(header + b"hello", accept=LISTED, send="v1")
        self.assertEqual(heard, b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\nhello")

    def test_it_is_sent_before_the_endpoint_speaks_and_without_waiting_for_downstream(self):
        heard = []

        def greet_when_told(connection):
            heard.append(connection.recv(200))
            connection.sendall(b"welcome")

        with TcpEndpoint(greet_when_told) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, pool={"send_proxy": "v1"}))
            self.assertEqual(read_all(self.connect(port)), b"welcome")
            self.assertTrue(heard[0].startswith(b"PROXY TCP4 127.0.0.1 "), heard)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Every kind of address on either side: unix sockets, IPv6, names.

    socat, python ──▶ unix:front, [::1]:front, 127.0.0.1:front [causeway] ──▶ unix:back, [::1]:*, localhost:*
"""

import os
import socket
import stat

from endpoints import TcpEndpoint, echo, say
from gateway import WAIT_SECONDS, Case, eventually, forwarding, free_port, main, read_all, read_exactly


class Unix(Case):
    def unix_connection(self, path):
        connection = socket.socket(socket.AF_UNIX)
        self.addCleanup(connection.close)
        connection.settimeout(WAIT_SECONDS)
        connection.connect(str(path))
        return connection

    def test_on_both_sides(self):
        front, back = self.folder / "front.sock", self.folder / "back.sock"
        with TcpEndpoint(echo, address=str(back), family=socket.AF_UNIX):
            document = forwarding(0, f"unix:{back}", listener={"bind": f"unix:{front}"})
            self.start(document)
            got = self.tool("socat", "-t", 10, "-", f"UNIX-CONNECT:{front}", input=b"through two files")
            self.assertEqual(got.stdout, b"through two files", got.stderr)

    def test_half_close_on_unix_sockets(self):
        front = self.folder / "front.sock"

        def answer_at_the_end(connection):
            connection.sendall(b"heard " + read_all(connection))

        with TcpEndpoint(answer_at_the_end) as endpoint:
            self.start(forwarding(0, endpoint.address, listener={"bind": f"unix:{front}"}))
            connection = self.unix_connection(front)
            connection.sendall(b"words")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), b"heard words")

    def test_much_data_over_unix_sockets(self):
        front, back = self.folder / "front.sock", self.folder / "back.sock"
        data = os.urandom(8 << 20)
        with TcpEndpoint(lambda connection: connection.sendall(data), address=str(back), family=socket.AF_UNIX):
            self.start(forwarding(0, f"unix:{back}", listener={"bind": f"unix:{front}"}))
            self.assertEqual(read_all(self.unix_connection(front)), data)

    def test_the_file_has_its_mode_and_is_gone_at_the_end(self):
        front = self.folder / "front.sock"
        with TcpEndpoint(echo) as endpoint:
            gateway = self.start(forwarding(0, endpoint.address, listener={"bind": f"unix:{front}", "unix_mode": "0600"}))
            self.assertEqual(stat.S_IMODE(front.stat().st_mode), 0o600)
            self.assertEqual(gateway.stop(), 0)
            self.assertFalse(front.exists())

    def test_a_file_left_by_a_dead_process_is_replaced(self):
        front = self.folder / "front.sock"
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(front))
        left.close()
        with TcpEndpoint(say(b"alive")) as endpoint:
            self.start(forwarding(0, endpoint.address, listener={"bind": f"unix:{front}"}))
            self.assertEqual(read_all(eventually(lambda: self.try_unix(front), "the new one accepts")), b"alive")

    def try_unix(self, path):
        try:
            return self.unix_connection(path)
        except ConnectionRefusedError:
            return None


class Ipv6(Case):
    def test_on_both_sides(self):
        with TcpEndpoint(echo, address=("::1", 0), family=socket.AF_INET6) as endpoint:
            port = free_port()
            self.start(forwarding(port, f"[::1]:{endpoint.port}", listener={"bind": f"[::1]:{port}"}))
            connection = self.connect(port, host="::1")
            connection.sendall(b"six")
            self.assertEqual(read_exactly(connection, 3), b"six")

    def test_from_one_family_to_the_other(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address, listener={"bind": f"[::1]:{port}"}))
            connection = self.connect(port, host="::1")
            connection.sendall(b"six to four")
            self.assertEqual(read_exactly(connection, 11), b"six to four")


class Names(Case):
    def test_a_name_of_the_hosts_file(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, f"localhost:{endpoint.port}"))

            def served():
                connection = self.connect(port)
                connection.sendall(b"by name")
                return connection.recv(7) == b"by name"

            eventually(served, "the name is resolved and reached")

    def test_a_name_that_does_not_exist_is_no_reason_to_fall(self):
        port = free_port()
        gateway = self.start(forwarding(port, "no-such-host.invalid:80"))
        try:
            self.assertEqual(self.connect(port).recv(1), b"")
        except ConnectionResetError:
            pass  # told even before the connection was seen to be made
        self.assertIsNone(gateway.child.poll())


if __name__ == "__main__":
    main()

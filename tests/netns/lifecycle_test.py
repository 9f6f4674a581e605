# SPDX-License-Identifier: Apache-2.0
"""How the gateway begins and ends: drain, signals, exit codes.

    python ──▶ 127.0.0.1:front [causeway] ──▶ 127.0.0.1:* threads of this process
"""

import signal
import socket
import threading
import time

from endpoints import TcpEndpoint, echo
from gateway import Case, call, eventually, forwarding, free_port, is_open, main, read_all, read_exactly, stays


class Drain(Case):
    def test_an_open_transfer_is_finished(self):
        release = threading.Event()

        def in_two_halves(connection):
            connection.sendall(b"first half, ")
            release.wait(20)
            connection.sendall(b"second half")

        with TcpEndpoint(in_two_halves) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            self.assertEqual(read_exactly(connection, 12), b"first half, ")
            gateway.signal(signal.SIGTERM)
            eventually(lambda: not is_open("tcp", f"127.0.0.1:{port}"), "it listens no more")
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=3)
            self.assertIsNone(gateway.child.poll(), "it waits for the transfer")
            release.set()
            self.assertEqual(read_all(connection), b"second half")
            connection.close()
            self.assertEqual(gateway.wait(), 0)

    def test_without_connections_it_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name), TcpEndpoint(echo) as endpoint:
                gateway = self.start(forwarding(free_port(), endpoint.address))
                began = time.monotonic()
                gateway.signal(number)
                self.assertEqual(gateway.wait(), 0)
                self.assertLess(time.monotonic() - began, 2)

    def test_a_second_signal_ends_at_once(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            connection.sendall(b"x")
            self.assertEqual(connection.recv(1), b"x")
            gateway.signal(signal.SIGTERM)
            stays(lambda: gateway.child.poll() is None, "it drains", 0.5)
            connection.sendall(b"y")
            self.assertEqual(connection.recv(1), b"y", "while it drains it still serves")
            gateway.signal(signal.SIGTERM)
            self.assertIn(gateway.wait(3), (0, 1))

    def test_the_drain_has_a_deadline(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address, timeouts={"drain": "700ms"}))
            connection = self.connect(port)
            connection.sendall(b"x")
            self.assertEqual(connection.recv(1), b"x")
            began = time.monotonic()
            gateway.signal(signal.SIGTERM)
            self.assertIn(gateway.wait(5), (0, 1))
            self.assertGreater(time.monotonic() - began, 0.5)

    def test_hangup_does_not_kill(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.start(forwarding(port, endpoint.address))
            connection = self.connect(port)
            gateway.signal(signal.SIGHUP)
            stays(lambda: gateway.child.poll() is None, "it runs on", 0.5)
            connection.sendall(b"still there")
            self.assertEqual(read_exactly(connection, 11), b"still there")


class Begin(Case):
    def test_a_bind_that_is_taken_is_an_error_with_its_place(self):
        with TcpEndpoint(echo) as endpoint, socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            file = self.folder / "taken.yaml"
            file.write_text(f"listeners: [{{ name: front, bind: '127.0.0.1:{port}', protocol: tcp, pool: back }}]\n"
                            f"pools: [{{ name: back, endpoints: [{{ address: '{endpoint.address}' }}] }}]\n")
            done = call("run", "-c", file)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(str(port), done.stdout + done.stderr)

    def test_a_missing_file_is_named(self):
        done = call("run", "-c", self.folder / "missing.yaml")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("missing.yaml", done.stdout + done.stderr)

    def test_a_bad_document_does_not_start(self):
        file = self.folder / "bad.yaml"
        file.write_text("listeners:\n  - { name: front, bind: 127.0.0.1:1, protocol: tcp, pool: nowhere }\n")
        done = call("run", "-c", file)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("bad.yaml:2:", done.stdout + done.stderr)

    def test_several_listeners_of_both_kinds(self):
        with TcpEndpoint(echo) as endpoint:
            ports = [free_port() for _ in range(4)]
            document = forwarding(ports[0], endpoint.address)
            document["listeners"] += [
                {"name": "second", "bind": f"127.0.0.1:{ports[1]}", "protocol": "tcp", "pool": "back"},
                {"name": "third", "bind": f"127.0.0.1:{ports[2]}", "protocol": "udp", "pool": "back"},
                {"name": "fourth", "bind": f"127.0.0.1:{ports[0]}", "protocol": "udp", "pool": "back"},
            ]
            self.start(document)
            for port in ports[:2]:
                connection = self.connect(port)
                connection.sendall(b"x")
                self.assertEqual(connection.recv(1), b"x")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""The commands, as a user gives them.

    python, socat ──▶ 127.0.0.1:front [causeway forward, demo] ──▶ 127.0.0.1:* threads of this process
"""

import json
import os
import signal
import socket
import subprocess

from endpoints import TcpEndpoint, UdpEndpoint, echo
from gateway import WAIT_SECONDS, Case, call, eventually, free_port, main, program, read_exactly

GOOD = """\
listeners:
  - { name: postgres, bind: 127.0.0.1:5432, protocol: tcp, pool: db, max_connections: 500 }
  - { name: dns, bind: 0.0.0.0:5353, protocol: udp, pool: resolvers }
pools:
  - { name: db, endpoints: [{ address: 10.0.0.7:5432 }] }
  - { name: resolvers, endpoints: [{ address: 10.0.0.2:53 }, { address: 10.0.0.3:53 }] }
"""
BAD = """\
listeners:
  - { name: postgres, bind: 127.0.0.1:5432, protocol: tcp, pool: db, max_conections: 500 }
  - { name: dns, bind: 0.0.0.0:5353, protocol: udp, pool: resolver }
pools:
  - { name: db, endpoints: [{ address: 10.0.0.7:5432 }] }
  - { name: resolvers, endpoints: [{ address: 10.0.0.2:53 }] }
timeouts: { idle: 10 }
"""


class Check(Case):
    def check(self, text, name="gateway.yaml"):
        file = self.folder / name
        file.write_text(text)
        return call("check", file)

    def test_a_good_document(self):
        done = self.check(GOOD)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_error_of_a_bad_one_with_its_place(self):
        done = self.check(BAD)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 3, said)
        column = BAD.splitlines()[1].index("max_conections") + 1
        self.assertIn(f"gateway.yaml:2:{column}", said)
        self.assertIn("max_connections", said, "the nearest name is offered")
        self.assertIn("gateway.yaml:3:", said, "a pool that is not there")
        self.assertIn("resolvers", said)
        self.assertIn("gateway.yaml:7:", said, "a number without a unit")
        self.assertIn("^", said, "the place is pointed at")

    def test_the_same_schema_in_three_languages(self):
        as_json = {"listeners": [{"name": "l", "bind": "127.0.0.1:1", "protocol": "tcp", "pool": "p"}],
                   "pools": [{"name": "p", "endpoints": [{"address": "127.0.0.1:2"}]}]}
        as_toml = ('[[listeners]]\nname = "l"\nbind = "127.0.0.1:1"\nprotocol = "tcp"\npool = "p"\n'
                   '[[pools]]\nname = "p"\nendpoints = [{ address = "127.0.0.1:2" }]\n')
        for name, text in (("g.json", json.dumps(as_json)), ("g.toml", as_toml), ("g.yaml", json.dumps(as_json))):
            with self.subTest(name):
                done = self.check(text, name)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_broken_syntax_has_a_place(self):
        for name, text in (("g.json", '{\n "listeners": [\n'), ("g.toml", "a = 1\nb = [\n"), ("g.yaml", "a: 1\n b: 2\n")):
            with self.subTest(name):
                done = self.check(text, name)
                self.assertEqual(done.returncode, 3)
                self.assertRegex(done.stdout + done.stderr, rf"{name}:\d+:\d+")

    def test_a_file_that_is_not_there(self):
        done = call("check", self.folder / "missing.yaml")
        self.assertNotIn(done.returncode, (0, -6, -11))
        self.assertIn("missing.yaml", done.stdout + done.stderr)


class Words(Case):
    def test_schema_is_json_and_names_the_keys(self):
        done = call("schema")
        self.assertEqual(done.returncode, 0, done.stderr)
        schema = json.loads(done.stdout)
        self.assertIn("listeners", schema["properties"])
        self.assertIn("pools", schema["properties"])

    def test_config_show_tells_values_and_where_they_come_from(self):
        file = self.folder / "gateway.yaml"
        file.write_text(GOOD)
        done = call("config", "show", "--effective", "--origin", "-c", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("postgres", done.stdout)
        self.assertIn("gateway.yaml:2", done.stdout)

    def test_the_environment_stands_over_the_file(self):
        file = self.folder / "gateway.yaml"
        file.write_text(GOOD + "timeouts: { idle: 3m }\n")
        done = call("config", "show", "--effective", "--origin", "-c", file,
                    env={**os.environ, "CAUSEWAY__TIMEOUTS__IDLE": "7s"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("7s", done.stdout)
        self.assertIn("CAUSEWAY__TIMEOUTS__IDLE", done.stdout)

    def test_usage_errors_are_two(self):
        for arguments in (["nonsense"], ["run", "--no-such-flag"], ["forward"], ["forward", "notaport", "127.0.0.1:1"]):
            with self.subTest(" ".join(arguments)):
                done = call(*arguments)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertTrue(done.stderr)

    def test_help_and_version_are_fine(self):
        for flag in ("--help", "--version"):
            done = call(flag)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("causeway", done.stdout.lower())


class Forward(Case):
    def test_a_port(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            gateway = self.serve(["forward", port, endpoint.address], [("tcp", f"127.0.0.1:{port}")])
            connection = self.connect(port)
            connection.sendall(b"without a file")
            self.assertEqual(read_exactly(connection, 14), b"without a file")
            connection.close()
            self.assertEqual(gateway.stop(), 0)

    def test_a_udp_port(self):
        with UdpEndpoint() as endpoint:
            port = free_port()
            self.serve(["forward", port, endpoint.address, "--udp"], [("udp", f"127.0.0.1:{port}")])
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(sender.close)
            sender.settimeout(WAIT_SECONDS)
            sender.sendto(b"without a file", ("127.0.0.1", port))
            self.assertEqual(sender.recv(100), b"without a file")

    def test_on_a_chosen_address_with_a_bound(self):
        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.serve(["forward", port, endpoint.address, "--listen", "127.0.0.3", "--max-connections", 1],
                       [("tcp", f"127.0.0.3:{port}")])
            with self.assertRaises(ConnectionRefusedError):
                self.connect(port)
            first = self.connect(port, host="127.0.0.3")
            first.sendall(b"x")
            self.assertEqual(first.recv(1), b"x")
            try:
                # The reset may arrive while connect() still waits to be woken.
                second = self.connect(port, host="127.0.0.3")
                second.sendall(b"x")
                self.assertEqual(second.recv(1), b"")
            except ConnectionError:
                pass


class Demo(Case):
    def test_it_ends_by_itself_with_a_summary(self):
        done = call("demo", "--seconds", 3, seconds=40)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        for word in ("p50", "p99", "errors"):
            self.assertIn(word, said)
        self.assertNotIn("\x1b[", done.stdout, "without a terminal there are no escapes")

    def test_it_goes_on_serving_when_asked(self):
        log = self.folder / "demo.log"
        with log.open("wb") as out:
            demo = subprocess.Popen([program(), "demo", "--seconds", "3", "--keep"], stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=out)
        self.addCleanup(demo.wait)
        self.addCleanup(demo.kill)
        eventually(lambda: "p99" in log.read_text(), "the summary is there", 30)
        self.assertIsNone(demo.poll(), "and it goes on")
        demo.send_signal(signal.SIGTERM)
        self.assertEqual(demo.wait(WAIT_SECONDS), 0, log.read_text())


if __name__ == "__main__":
    main()

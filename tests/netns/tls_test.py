# SPDX-License-Identifier: Apache-2.0
"""TLS passed through: the name and the protocols of the ClientHello choose the pool, the bytes go on as they came.

    openssl s_client, python ──▶ 127.0.0.1:front [causeway] ─┬▶ openssl s_server CN=a.test
                                                             ├▶ openssl s_server CN=b.test
                                                             └▶ openssl s_server CN=other.test (no name given)
"""

import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from endpoints import TcpEndpoint, hold, say
from gateway import Case, eventually, free_port, is_open, main, read_all

NAMES = ("a.test", "b.test", "other.test")


def client_hello(name, alpn=()):
    """The first flight of a TLS client, as OpenSSL makes it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def secure(port, routes, pools):
    return {
        "workers": 1,
        "listeners": [{"name": "secure", "bind": f"127.0.0.1:{port}", "protocol": "tcp", "tls": "passthrough",
                       "routes": routes}],
        "pools": [{"name": name, "endpoints": [{"address": address}]} for name, address in pools.items()],
    }


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class RealClients(Case):
    @classmethod
    def setUpClass(cls):
        cls.pki = tempfile.TemporaryDirectory(prefix="causeway-test-")
        cls.addClassCleanup(cls.pki.cleanup)
        cls.servers = {}
        for name in NAMES:
            cert, key, port = f"{cls.pki.name}/{name}.pem", f"{cls.pki.name}/{name}.key", free_port()
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", cert],
                           check=True, capture_output=True)
            server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key,
                                       "-quiet", "-alpn", "h2,http/1.1", "-www"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.addClassCleanup(server.wait)
            cls.addClassCleanup(server.kill)
            eventually(lambda port=port: is_open("tcp", f"127.0.0.1:{port}"), f"s_server of {name} listens")
            cls.servers[name] = f"127.0.0.1:{port}"

    def serve_names(self, with_default):
        port = free_port()
        routes = [{"match": {"sni": "a.test"}, "pool": "a"}, {"match": {"sni": "*.b.test"}, "pool": "b"},
                  {"match": {"sni": "b.test"}, "pool": "b"}]
        pools = {"a": self.servers["a.test"], "b": self.servers["b.test"]}
        if with_default:
            routes.append({"pool": "other"})
            pools["other"] = self.servers["other.test"]
        self.start(secure(port, routes, pools))
        return port

    def subject(self, port, *options):
        """Who answered: the certificate's name, or nothing when the handshake failed."""
        done = self.tool("openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options, input=b"")
        for line in (done.stdout + done.stderr).decode(errors="replace").splitlines():
            if line.startswith("subject="):
                return line.replace(" ", "").removeprefix("subject=CN=")
        return ""

    def test_the_name_chooses_the_endpoint(self):
        port = self.serve_names(with_default=True)
        self.assertEqual(self.subject(port, "-servername", "a.test"), "a.test")
        self.assertEqual(self.subject(port, "-servername", "b.test"), "b.test")
        self.assertEqual(self.subject(port, "-servername", "www.b.test"), "b.test")

    def test_names_do_not_heed_case(self):
        self.assertEqual(self.subject(self.serve_names(with_default=False), "-servername", "A.TEST"), "a.test")

    def test_every_version_and_a_hello_of_many_parts(self):
        port = self.serve_names(with_default=False)
        self.assertEqual(self.subject(port, "-servername", "a.test", "-tls1_2"), "a.test")
        self.assertEqual(self.subject(port, "-servername", "a.test", "-tls1_3"), "a.test")
        self.assertEqual(self.subject(port, "-servername", "a.test", "-tls1_2", "-split_send_frag", "512"), "a.test")

    def test_without_a_name_the_default_route_is_taken(self):
        port = self.serve_names(with_default=True)
        self.assertEqual(self.subject(port, "-noservername"), "other.test")
        self.assertEqual(self.subject(port, "-servername", "unknown.test"), "other.test")

    def test_without_a_default_route_it_is_refused(self):
        port = self.serve_names(with_default=False)
        self.assertEqual(self.subject(port, "-noservername"), "")
        self.assertEqual(self.subject(port, "-servername", "unknown.test"), "")
        self.assertEqual(self.subject(port, "-servername", "a.test"), "a.test", "and nobody else suffers")

    def test_curl_speaks_https_through_it(self):
        port = self.serve_names(with_default=False)
        done = self.tool("curl", "-sS", "--max-time", 10, "--http1.1", "--cacert", f"{self.pki.name}/a.test.pem", "--resolve",
                         f"a.test:{port}:127.0.0.1", f"https://a.test:{port}/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"s_server", done.stdout)


class Hellos(Case):
    def front(self, *routes):
        """A gateway in front of one endpoint for each route, which says its number and ends."""
        pools = {}
        for number in range(len(routes)):
            endpoint = TcpEndpoint(say(f"pool {number}".encode()))
            endpoint.__enter__()
            self.addCleanup(endpoint.__exit__)
            pools[f"p{number}"] = endpoint.address
        port = free_port()
        matches = [{**({"match": match} if match else {}), "pool": f"p{number}"} for number, match in enumerate(routes)]
        self.gateway = self.start(secure(port, matches, pools))
        return port

    def told(self, port, *pieces):
        connection = self.connect(port)
        try:
            for piece in pieces:
                connection.sendall(piece)
                threading.Event().wait(0.002)  # a segment of its own
            return read_all(connection)
        except ConnectionError:
            return b""

    def test_a_hello_in_small_pieces(self):
        port = self.front({"sni": "a.test"}, None)
        hello = client_hello("a.test")
        self.assertEqual(self.told(port, *[hello[i:i + 9] for i in range(0, len(hello), 9)]), b"pool 0")

    def test_a_hello_split_over_records(self):
        port = self.front({"sni": "a.test"}, None)
        message = client_hello("a.test")[5:]
        records = [b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
                   for part in (message[i:i + 50] for i in range(0, len(message), 50))]
        self.assertEqual(self.told(port, b"".join(records)), b"pool 0")

    def test_the_protocol_chooses_the_pool(self):
        port = self.front({"sni": "a.test", "alpn": "h2"}, {"sni": "a.test"}, None)
        self.assertEqual(self.told(port, client_hello("a.test", alpn=["h2", "http/1.1"])), b"pool 0")
        self.assertEqual(self.told(port, client_hello("a.test", alpn=["http/1.1"])), b"pool 1")
        self.assertEqual(self.told(port, client_hello("b.test", alpn=["h2"])), b"pool 2")

    def test_what_is_not_tls_is_refused_without_a_default_route(self):
        port = self.front({"sni": "a.test"})
        self.assertEqual(self.told(port, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"), b"")

    def test_the_hello_reaches_the_endpoint_unchanged(self):
        heard = []

        def record(connection):
            heard.append(connection.recv(65536))
            connection.sendall(b"ok")

        with TcpEndpoint(record) as endpoint:
            port = free_port()
            self.start(secure(port, [{"match": {"sni": "a.test"}, "pool": "a"}], {"a": endpoint.address}))
            hello = client_hello("a.test")
            self.assertEqual(self.told(port, hello), b"ok")
            self.assertEqual(heard, [hello])

    def test_one_who_says_nothing_is_not_waited_for_long(self):
        with TcpEndpoint(hold) as endpoint:
            port = free_port()
            document = secure(port, [{"match": {"sni": "a.test"}, "pool": "a"}], {"a": endpoint.address})
            document["timeouts"] = {"peek": "300ms"}
            self.start(document)
            self.assertEqual(self.told(port, client_hello("a.test")[:20]), b"")
            self.assertEqual(endpoint.accepted, 0)


if __name__ == "__main__":
    main()

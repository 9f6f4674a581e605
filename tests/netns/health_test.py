# SPDX-License-Identifier: Apache-2.0
"""Endpoints that die and come back: active checks, and ejection of those that cannot be reached.

    python ──▶ 127.0.0.1:front [causeway] ─┬▶ 127.0.0.1:a  always there
                                           └▶ 127.0.0.1:b  comes and goes
"""

from endpoints import TcpEndpoint, say
from gateway import Case, eventually, forwarding, free_port, main, read_all

QUICK = {"type": "tcp", "interval": "200ms", "timeout": "1s", "unhealthy_threshold": 2, "healthy_threshold": 2}
STREAK = 20


class Health(Case):
    def told(self, port):
        try:
            return read_all(self.connect(port))
        except ConnectionError:
            return b""

    def streak(self, port, words):
        """Whether many connections in a row are answered, by exactly these words."""
        return {self.told(port) for _ in range(STREAK)} == set(words)

    def endpoint_b(self, port):
        return TcpEndpoint(say(b"b"), address=("127.0.0.1", port))

    def test_a_dead_endpoint_is_taken_out_and_comes_back(self):
        port, b_port = free_port(), free_port()
        with TcpEndpoint(say(b"a")) as a:
            # One attempt and no ejection: what keeps connections from the dead endpoint can only be the checks.
            pool = {"balance": "round_robin", "health": QUICK, "connect_attempts": 1, "ejection": {"enabled": False}}
            with self.endpoint_b(b_port):
                gateway = self.start(forwarding(port, a.address, f"127.0.0.1:{b_port}", pool=pool))
                eventually(lambda: self.streak(port, [b"a", b"b"]), "both serve")
            eventually(lambda: self.streak(port, [b"a"]), "the dead one is left out")
            gateway.wait_for_log(str(b_port))
            with self.endpoint_b(b_port):
                eventually(lambda: self.streak(port, [b"a", b"b"]), "it is back")

    def test_one_that_cannot_be_reached_is_ejected_without_checks(self):
        port, b_port = free_port(), free_port()
        with TcpEndpoint(say(b"a")) as a:
            pool = {"balance": "round_robin", "connect_attempts": 1,
                    "ejection": {"consecutive_failures": 2, "base_time": "1s", "max_time": "2s"}}
            self.start(forwarding(port, a.address, f"127.0.0.1:{b_port}", pool=pool))
            eventually(lambda: self.streak(port, [b"a"]), "it is ejected after two failures")
            with self.endpoint_b(b_port):
                eventually(lambda: self.streak(port, [b"a", b"b"]), "it gets another chance", 20)

    def test_downstreams_never_notice_while_one_endpoint_is_alive(self):
        port, b_port = free_port(), free_port()
        with TcpEndpoint(say(b"a")) as a:
            with self.endpoint_b(b_port):
                self.start(forwarding(port, a.address, f"127.0.0.1:{b_port}", pool={"health": QUICK}))
                eventually(lambda: self.told(port), "it serves")
            for _ in range(100):
                self.assertEqual(self.told(port), b"a")

    def test_when_all_are_out_the_last_resort_is_to_try(self):
        port, b_port = free_port(), free_port()
        self.start(forwarding(port, f"127.0.0.1:{b_port}", pool={"health": QUICK}))
        self.assertEqual(self.told(port), b"")
        with self.endpoint_b(b_port):
            eventually(lambda: self.told(port) == b"b", "the only endpoint is used once it is there")


if __name__ == "__main__":
    main()

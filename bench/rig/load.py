# SPDX-License-Identifier: Apache-2.0
"""The load: wrk for exchanges, iperf3 for bulk, and connections that are opened, used once and held."""

import dataclasses
import json
import re
import socket

from rig.process import Failed, Process, run

HOST = "127.0.0.1"
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
SECONDS_TO_END = 20
SOCKET_SECONDS = 10
UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


@dataclasses.dataclass(frozen=True)
class Work:
    """What one run got done: in units of the scenario (1M requests, GB) and as a rate for people."""

    units: float
    rate: float
    p50_us: float = 0.0
    p99_us: float = 0.0


def wrk(placement, port, connections, seconds, headers=()):
    threads = min(len(placement.load), 2)
    command = ["wrk", "--latency", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    for header in headers:
        command += ["-H", header]
    said = run([*command, f"http://{HOST}:{port}/"], placement.load, seconds + SECONDS_TO_END)
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not requests or not rate or int(requests.group(1)) == 0:
        raise Failed(f"wrk did no work: {said.strip()[-300:]}")
    wrong = re.search(r"Socket errors: (.*)|Non-2xx or 3xx responses: (\d+)", said)
    if wrong:
        raise Failed(f"wrk saw errors: {wrong.group(0)}")
    return Work(units=int(requests.group(1)) / 1e6, rate=float(rate.group(1)),
                p50_us=percentile(said, "50%"), p99_us=percentile(said, "99%"))


def percentile(said, which):
    found = re.search(rf"^\s+{which}\s+([\d.]+)(us|ms|s|m)\s*$", said, re.M)
    return float(found.group(1)) * UNITS_US[found.group(2)] if found else 0.0


def iperf3_server(placement, port, log):
    return Process(["iperf3", "-s", "-B", HOST, "-p", port], {placement.endpoint}, log, port=port)


def iperf3(placement, port, streams, seconds):
    said = run(["iperf3", "-J", "-c", HOST, "-p", port, "-P", streams, "-t", seconds], placement.load,
               seconds + SECONDS_TO_END)
    total = json.loads(said)["end"]["sum_received"]
    if total["bytes"] == 0:
        raise Failed("iperf3 moved nothing")
    return Work(units=total["bytes"] / 1e9, rate=total["bits_per_second"] / 1e9)


class Held:
    """Connections that made one exchange each and now wait. Use as a context."""

    def __init__(self, port):
        self.port = port
        self.open = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.open:
            connection.close()

    def grow_to(self, count):
        while len(self.open) < count:
            connection = socket.create_connection((HOST, self.port), timeout=SOCKET_SECONDS)
            self.open.append(connection)
            connection.sendall(REQUEST)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise Failed(f"connection {len(self.open)} got no answer")

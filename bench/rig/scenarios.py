# SPDX-License-Identifier: Apache-2.0
"""What a TCP bench measures. A load scenario compares CPU per unit of work in alternating runs; `idle` weighs
connections that wait; `spin` looks for CPU used with nothing to do."""

import contextlib
import dataclasses
import socket
import time

from rig import load, proxies
from rig.process import Failed

ENDPOINT_PORT = 7000  # all ports are free: the namespace is ours alone
PROXY_PORT = 7101
CLOSED_PORT = 7001
WARM_UP_SECONDS = 1
SETTLE_SECONDS = 1.0
REST_SECONDS = 2.0
CLOSE_SECONDS_MAX = 8.0
IDLE_COUNTS = (1000, 7000)
IDLE_RUNS_MAX = 3
FULL_CONNECTIONS = 16
FEW_DESCRIPTORS = 128
CLIENTS_OVER = 100


@dataclasses.dataclass(frozen=True)
class Load:
    """A scenario that keeps every proxy of `rows` equally busy, one after the other."""

    name: str
    title: str
    unit: str
    rows: tuple
    endpoint: str  # responder | iperf3
    drive: object  # (placement, port, seconds) -> load.Work


def small(connections):
    return lambda placement, port, seconds: load.wrk(placement, port, connections, seconds)


def bulk(streams):
    return lambda placement, port, seconds: load.iperf3(placement, port, streams, seconds)


def new_connections(placement, port, seconds):
    return load.wrk(placement, port, 100, seconds, headers=["Connection: close"])


SMALL_ROWS = (proxies.CAUSEWAY, proxies.HAPROXY, proxies.NGINX, proxies.FLOOR_COPY)
BULK_ROWS = (proxies.CAUSEWAY, proxies.HAPROXY_SPLICE, proxies.HAPROXY, proxies.NGINX_64K, proxies.FLOOR_SPLICE)
IDLE_ROWS = (proxies.CAUSEWAY, proxies.HAPROXY, proxies.NGINX, proxies.FLOOR_COPY)
SPIN_ROWS = (proxies.CAUSEWAY, proxies.HAPROXY, proxies.NGINX)
MILLION = "1M requests"

LOADS = (
    Load("small-100", "small messages, 100 connections kept", MILLION, SMALL_ROWS, "responder", small(100)),
    Load("small-1000", "small messages, 1000 connections kept", MILLION, SMALL_ROWS, "responder", small(1000)),
    Load("bulk-1", "bulk, 1 stream", "GB", BULK_ROWS, "iperf3", bulk(1)),
    Load("bulk-10", "bulk, 10 streams", "GB", BULK_ROWS, "iperf3", bulk(10)),
    Load("new-100", "a new connection per exchange, 100 at a time", MILLION, SMALL_ROWS, "responder", new_connections),
)
NAMES = tuple(scenario.name for scenario in LOADS) + ("idle", "spin")


class Bench:
    """Runs scenarios. `say` gets a line of progress for people."""

    def __init__(self, starter, placement, start_endpoint, options, say):
        self.starter = starter
        self.placement = placement
        self.start_endpoint = start_endpoint  # (kind, port) -> Process
        self.options = options
        self.say = say

    def rows(self, wanted):
        return [row for row in wanted if not self.options.without or row.name not in self.options.without]

    def empty_rows(self, rows):
        return {row.name: {"title": row.title, "runs": [], "failures": []} for row in rows}

    def run_load(self, scenario):
        rows = self.rows(scenario.rows)
        result = self.empty_rows(rows)
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.start_endpoint(scenario.endpoint, ENDPOINT_PORT))
            running = {}
            for index, row in enumerate(rows):
                port = PROXY_PORT + index
                try:
                    process = stack.enter_context(self.starter.start(row, port, ENDPOINT_PORT))
                    scenario.drive(self.placement, port, WARM_UP_SECONDS)
                except Failed as failure:
                    result[row.name]["failures"].append(f"warm-up: {failure}")
                    continue
                running[row.name] = (process, port)
            for round_number in range(self.options.runs):
                # Each round begins with another row, so that no row always follows the same neighbour.
                turn = round_number % len(rows)
                for row in rows[turn:] + rows[:turn]:
                    figure = self.one_run(scenario, row, running, result[row.name]["failures"])
                    result[row.name]["runs"].append(figure)
        return result

    def one_run(self, scenario, row, running, failures):
        if row.name not in running:
            return None
        process, port = running[row.name]
        try:
            before = process.cpu_seconds()
            work = scenario.drive(self.placement, port, self.options.seconds)
            spent = process.cpu_seconds() - before
        except (Failed, OSError) as failure:
            failures.append(str(failure))
            self.say(f"{scenario.name} {row.name}: {failure}")
            return None
        self.say(f"{scenario.name} {row.name}: {spent / work.units:.3f} CPU-s per {scenario.unit}")
        return {"cpu_seconds": spent, **dataclasses.asdict(work)}

    def run_idle(self):
        rows = self.rows(IDLE_ROWS)
        result = self.empty_rows(rows)
        runs = min(self.options.runs, IDLE_RUNS_MAX)
        with self.start_endpoint("responder", ENDPOINT_PORT):
            for _ in range(runs):
                for row in rows:
                    result[row.name]["runs"].append(self.weigh(row, result[row.name]["failures"]))
        return result, runs

    def weigh(self, row, failures):
        try:
            with self.starter.start(row, PROXY_PORT, ENDPOINT_PORT) as process, load.Held(PROXY_PORT) as held:
                time.sleep(SETTLE_SECONDS)
                figure = {"start": dataclasses.asdict(process.memory()), "at": {}}
                for count in IDLE_COUNTS:
                    held.grow_to(count)
                    time.sleep(SETTLE_SECONDS)
                    figure["at"][str(count)] = dataclasses.asdict(process.memory())
                    per_relay = (figure["at"][str(count)]["rss_bytes"] - figure["start"]["rss_bytes"]) / count
                    self.say(f"idle {row.name}: {per_relay:.0f} bytes of RSS per relay at {count}")
                return figure
        except (Failed, OSError) as failure:
            failures.append(str(failure))
            self.say(f"idle {row.name}: {failure}")
            return None

    def run_spin(self):
        rows = self.rows(SPIN_ROWS)
        result = self.empty_rows(rows)
        for row in rows:
            figure = {}
            for state, (prepare, able) in SPIN_STATES.items():
                figure[state] = None
                if row not in able:
                    continue
                try:
                    figure[state] = prepare(self, row)
                except (Failed, OSError) as failure:
                    result[row.name]["failures"].append(f"{state}: {failure}")
                    continue
                self.say(f"spin {row.name}: {state}: {figure[state]:.2%} of a core")
            result[row.name]["runs"].append(figure)
        return result


def rest(process):
    """Share of a core used over a while in which nothing happens."""
    before = process.cpu_seconds()
    time.sleep(REST_SECONDS)
    return (process.cpu_seconds() - before) / REST_SECONDS


def dead_endpoint(bench, row):
    """Downstreams came, the endpoint is closed, they were told so; now all is quiet."""
    with bench.starter.start(row, PROXY_PORT, CLOSED_PORT) as process:
        for _ in range(5):
            with contextlib.suppress(ConnectionError), \
                    socket.create_connection((load.HOST, PROXY_PORT), timeout=CLOSE_SECONDS_MAX) as downstream:
                downstream.recv(1)
        return rest(process)


def half_closed(bench, row):
    """Each downstream has ended its way; the endpoint keeps silent and its own way open."""
    with socket.create_server((load.HOST, ENDPOINT_PORT), backlog=64) as endpoint, \
            bench.starter.start(row, PROXY_PORT, ENDPOINT_PORT) as process, contextlib.ExitStack() as stack:
        endpoint.settimeout(CLOSE_SECONDS_MAX)
        for _ in range(10):
            downstream = stack.enter_context(socket.create_connection((load.HOST, PROXY_PORT), timeout=CLOSE_SECONDS_MAX))
            downstream.sendall(b"last words")
            downstream.shutdown(socket.SHUT_WR)
            upstream, _ = endpoint.accept()
            stack.enter_context(upstream)
        time.sleep(SETTLE_SECONDS)
        return rest(process)


def crowd(bench, row, **limits):
    """More downstreams than there is room for, all held."""
    with bench.start_endpoint("responder", ENDPOINT_PORT), \
            bench.starter.start(row, PROXY_PORT, ENDPOINT_PORT, **limits) as process, contextlib.ExitStack() as stack:
        for _ in range(CLIENTS_OVER):
            with contextlib.suppress(ConnectionError):  # refused, and told at once
                connection = socket.create_connection((load.HOST, PROXY_PORT), timeout=CLOSE_SECONDS_MAX)
                stack.enter_context(connection)
        time.sleep(SETTLE_SECONDS)
        return rest(process)


def full_listener(bench, row):
    return crowd(bench, row, connections_max=FULL_CONNECTIONS)


def no_descriptors(bench, row):
    return crowd(bench, row, descriptors=FEW_DESCRIPTORS)


# State -> how to bring it about, and the rows that can be brought into it.
SPIN_STATES = {
    "endpoint closed": (dead_endpoint, SPIN_ROWS),
    "relays half closed": (half_closed, SPIN_ROWS),
    "listener full": (full_listener, (proxies.CAUSEWAY, proxies.HAPROXY)),
    "descriptors out": (no_descriptors, (proxies.CAUSEWAY,)),
}

# SPDX-License-Identifier: Apache-2.0
"""From the runs of a bench to figures, tables and verdicts. Takes the plain result document, measures nothing."""

import dataclasses
import statistics

OURS = "causeway"


@dataclasses.dataclass(frozen=True)
class Target:
    """Work per CPU-second of ours, at least this many times that of the peer, in one scenario."""

    scenario: str
    peer: str
    ratio_min: float


TARGETS = (
    Target("small-100", "haproxy", 1.1),
    Target("small-1000", "haproxy", 1.15),
    Target("bulk-1", "haproxy-splice", 1.6),
    Target("bulk-1", "haproxy", 4.0),
    Target("bulk-10", "haproxy-splice", 1.6),
    Target("bulk-10", "haproxy", 4.0),
    Target("new-100", "haproxy", 1.1),
)
IDLE_BYTES_MAX = 1024  # of user memory per idle relay
START_RSS_BYTES_MAX = 8 << 20
SPIN_SHARE_MAX = 0.01  # of a core, with nothing to do


@dataclasses.dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    @staticmethod
    def of(values):
        return Spread(statistics.median(values), min(values), max(values)) if values else None

    def text(self, digits):
        return f"{self.median:.{digits}f}", f"{self.low:.{digits}f}..{self.high:.{digits}f}"


def costs(row):
    """CPU-seconds per unit of work, None for a run that failed, in the order of the runs."""
    return [run and run["cpu_seconds"] / run["units"] for run in row["runs"]]


def ratio(rows, peer):
    """Ours against the peer in work per CPU-second, each run with its neighbour of the same round."""
    if OURS not in rows or peer not in rows:
        return None
    pairs = zip(costs(rows[OURS]), costs(rows[peer]))
    return Spread.of([theirs / ours for ours, theirs in pairs if ours and theirs])


def median_of(row, field):
    values = [run[field] for run in row["runs"] if run]
    return statistics.median(values) if values else 0.0


def load_table(scenario):
    """Header and lines of a scenario that compares CPU per unit of work."""
    bulk = scenario["unit"] == "GB"
    rate_name = "Gbit/s" if bulk else "req/s"
    header = ["proxy", rate_name, "p50 µs", "p99 µs", f"CPU-s per {scenario['unit']}", "min..max",
              "ours / it, work per CPU-s", "min..max"]
    digits = 3 if bulk else 1
    lines = []
    for name, row in scenario["rows"].items():
        cost = Spread.of([value for value in costs(row) if value])
        if cost is None:
            lines.append([row["title"], "failed", "", "", "", "", "", row["failures"][0] if row["failures"] else ""])
            continue
        against = ratio(scenario["rows"], name) if name != OURS else None
        rate = median_of(row, "rate")
        latency = [f"{median_of(row, field):.0f}" if not bulk else "-" for field in ("p50_us", "p99_us")]
        lines.append([row["title"], f"{rate:.1f}" if bulk else f"{rate:.0f}", *latency, *cost.text(digits),
                      *(against.text(2) if against else ("-", "-"))])
    return header, lines


def idle_table(scenario):
    counts = scenario["counts"]
    header = ["proxy", "RSS at start MiB"]
    for count in counts:
        header += [f"RSS per relay at {count}, bytes", f"private per relay at {count}, bytes"]
    lines = []
    for row in scenario["rows"].values():
        runs = [run for run in row["runs"] if run]
        if not runs:
            lines.append([row["title"], "failed: " + "; ".join(row["failures"][:1])] + [""] * (len(header) - 2))
            continue
        line = [row["title"], f"{statistics.median(run['start']['rss_bytes'] for run in runs) / (1 << 20):.1f}"]
        for count in counts:
            line += [f"{idle_bytes(row, count, field):.0f}" for field in ("rss_bytes", "private_bytes")]
        lines.append(line)
    return header, lines


def idle_bytes(row, count, field):
    """Growth per relay since the start, median of the runs."""
    runs = [run for run in row["runs"] if run]
    return statistics.median((run["at"][str(count)][field] - run["start"][field]) / count for run in runs)


def spin_table(scenario):
    states = scenario["states"]
    header = ["proxy", *(f"{state}, CPU-ms per s" for state in states)]
    lines = []
    for row in scenario["rows"].values():
        line = [row["title"]]
        for state in states:
            values = [run[state] for run in row["runs"] if run and run.get(state) is not None]
            line.append(f"{statistics.median(values) * 1000:.2f}" if values else "-")
        lines.append(line)
    return header, lines


TABLES = {"load": load_table, "idle": idle_table, "spin": spin_table}


def verdicts(scenarios):
    """(what was wanted, what was found, met or missed) for each target whose scenario was run."""
    found = []
    for target in TARGETS:
        if target.scenario not in scenarios:
            continue
        got = ratio(scenarios[target.scenario]["rows"], target.peer)
        wanted = f"{target.scenario}: at least {target.ratio_min} × {target.peer} in work per CPU-s"
        if got is None:
            found.append((wanted, "no figure", "missed"))
            continue
        median, spread = got.text(2)
        found.append((wanted, f"{median} ({spread})", judged(got.median >= target.ratio_min)))
    idle = scenarios.get("idle", {"rows": {}})
    if any(idle["rows"].get(OURS, {"runs": []})["runs"]):
        row = idle["rows"][OURS]
        for count in idle["counts"]:
            per_relay = idle_bytes(row, count, "private_bytes")
            found.append((f"idle: at most {IDLE_BYTES_MAX} bytes of user memory per relay at {count}",
                          f"{per_relay:.0f} bytes", judged(per_relay <= IDLE_BYTES_MAX)))
        start = statistics.median(run["start"]["rss_bytes"] for run in row["runs"] if run)
        found.append((f"RSS at start at most {START_RSS_BYTES_MAX >> 20} MiB", f"{start / (1 << 20):.1f} MiB",
                      judged(start <= START_RSS_BYTES_MAX)))
    spin = scenarios.get("spin", {"rows": {}})
    for run in spin["rows"].get(OURS, {"runs": []})["runs"][:1]:
        for state, share in (run or {}).items():
            found.append((f"spin: {state}: at most {SPIN_SHARE_MAX:.0%} of a core",
                          "no figure" if share is None else f"{share:.2%}",
                          judged(share is not None and share <= SPIN_SHARE_MAX)))
    return found


def judged(met):
    return "met" if met else "missed"


def plain(header, lines):
    """A table for a terminal."""
    widths = [max(len(str(line[i])) for line in [header, *lines]) for i in range(len(header))]
    rows = []
    for line in [header, *lines]:
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        rows.append("  ".join(cells).rstrip())
    return "\n".join(rows)


def markdown_table(header, lines):
    rows = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    rows += ["| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines]
    return "\n".join(rows)


def markdown(result):
    """The readable form of a result document."""
    machine = result["machine"]
    parts = [
        "# TCP forwarding beside its peers",
        "Written by `./dev bench tcp`; `../README.md` says how to read it. What counts is CPU-seconds of the proxy per unit of "
        "work, and the ratio to a peer paired run by run; rates and latencies are those of a shared machine.",
        f"{result['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_mib']} MiB, kernel {machine['kernel']}, "
        f"{machine['congestion_control']}, in a network namespace of its own; {result['placement']}; "
        f"load average before the bench {machine['load_before']}.",
        ", ".join(f"{name}: {version}" for name, version in machine["versions"].items()) + ".",
        "## Against the targets",
        markdown_table(["wanted", "found, median (min..max)", "verdict"], verdicts(result["scenarios"])),
    ]
    for name, scenario in result["scenarios"].items():
        parts.append(f"## {name}: {scenario['title']}")
        parts.append(f"Commit {scenario['commit']}, {scenario['runs']} runs" +
                     (f" of {scenario['seconds']} s each" if scenario["kind"] == "load" else "") + ", medians.")
        parts.append(markdown_table(*TABLES[scenario["kind"]](scenario)))
        failures = [f"- {row['title']}: {text}" for row in scenario["rows"].values() for text in row["failures"]]
        if failures:
            parts.append("Runs that gave no figure:\n\n" + "\n".join(failures))
    return "\n\n".join(parts) + "\n"

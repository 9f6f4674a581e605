#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`./dev bench tcp`: Causeway's TCP forwarding beside HAProxy, nginx and a bare relay, on this machine, with the
same work, in alternation. Prints tables and verdicts; writes bench/results/. README.md says how to read them."""

import argparse
import contextlib
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

from rig import load, machine, proxies, report, scenarios  # noqa: E402
from rig.process import Failed, Process, pinned  # noqa: E402

BUSY = 1.0
TOOLS = ("haproxy", "nginx", "wrk", "iperf3", "ip")


def arguments(argv):
    parser = argparse.ArgumentParser(prog="./dev bench tcp", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="rounds of each scenario (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="length of one run (default 3)")
    parser.add_argument("--only", type=names, default=(), help="scenarios, with commas: " + ",".join(scenarios.NAMES))
    parser.add_argument("--without", type=lambda text: text.split(","), default=[], help="rows to leave out, with commas")
    parser.add_argument("--quick", action="store_true", help="one round of one second, nothing written")
    parser.add_argument("--profile", choices=[each.name for each in scenarios.LOADS],
                        help="no comparison: where Causeway's time goes in one scenario (perf)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build directory")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results", help="where the result is written")
    options = parser.parse_args(argv)
    if options.runs < 1 or options.seconds < 1:
        parser.error("--runs and --seconds are at least 1")
    if options.quick:
        options.runs = options.seconds = 1
    return options


def names(text):
    chosen = text.split(",")
    for name in chosen:
        if name not in scenarios.NAMES:
            raise argparse.ArgumentTypeError(f"no scenario {name!r}; there are {', '.join(scenarios.NAMES)}")
    return chosen


def require_programs(options):
    programs = options.build
    wanted = [programs / "bench_responder", programs / "bench_relay"]
    if "causeway" not in options.without:
        wanted.append(options.build / "causeway")
    missing = [str(path) for path in wanted if not path.exists()] + [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise SystemExit(f"bench: missing {', '.join(missing)}\n"
                         f"  build: cmake --build {options.build} --target causeway bench_programs\n"
                         "  peers: apt-get install haproxy nginx libnginx-mod-stream wrk iperf3 iproute2")
    return options.build / "causeway", programs


def profile(bench, name, scratch):
    """Samples Causeway under one load and prints its dearest functions."""
    if not shutil.which("perf"):
        raise SystemExit("bench: --profile needs perf (apt-get install linux-perf)")
    scenario = next(each for each in scenarios.LOADS if each.name == name)
    port, data = scenarios.PROXY_PORT, scratch / "perf.data"
    seconds = bench.options.seconds
    with bench.start_endpoint(scenario.endpoint, scenarios.ENDPOINT_PORT), \
            bench.starter.start(proxies.CAUSEWAY, port, scenarios.ENDPOINT_PORT) as process:
        scenario.drive(bench.placement, port, scenarios.WARM_UP_SECONDS)
        recorder = subprocess.Popen(["perf", "record", "-q", "-F", "997", "-g", "-o", data, "-p", str(process.pid),
                                     "--", "sleep", str(seconds)], preexec_fn=pinned(bench.placement.load))
        scenario.drive(bench.placement, port, seconds)
        recorder.wait(seconds + load.SECONDS_TO_END)
    ours = "causeway,libc.so.6,libstdc++.so.6"
    for title, options in (("by program and kernel", ["--sort", "dso"]), ("by function", ["--sort", "dso,symbol"]),
                           ("by function, user space alone", ["--sort", "dso,symbol", "--dsos", ours])):
        said = subprocess.run(["perf", "report", "-i", data, "--stdio", "--no-children", "-g", "none", *options],
                              capture_output=True, text=True, check=True).stdout
        lines = [line.rstrip(" -") for line in said.splitlines() if line.strip() and not line.startswith("#")]
        print(f"\n{name}, {title}:", *lines[:40], sep="\n")


def measure(bench, options, commit):
    """Runs the chosen scenarios; returns their part of the result document."""
    chosen = options.only or scenarios.NAMES
    found = {}
    for scenario in scenarios.LOADS:
        if scenario.name in chosen:
            found[scenario.name] = {"kind": "load", "title": scenario.title, "unit": scenario.unit, "commit": commit,
                                    "runs": options.runs, "seconds": options.seconds, "rows": bench.run_load(scenario)}
    if "idle" in chosen:
        rows, runs = bench.run_idle()
        found["idle"] = {"kind": "idle", "title": "memory of relays that wait after one exchange each", "commit": commit,
                         "runs": runs, "counts": list(scenarios.IDLE_COUNTS), "rows": rows}
    if "spin" in chosen:
        found["spin"] = {"kind": "spin", "title": "CPU used with nothing to do", "commit": commit, "runs": 1,
                         "states": list(scenarios.SPIN_STATES), "rows": bench.run_spin()}
    return found


def show(found):
    for name, scenario in found.items():
        print(f"\n{name}: {scenario['title']}")
        print(report.plain(*report.TABLES[scenario["kind"]](scenario)))
        for row in scenario["rows"].values():
            for text in row["failures"]:
                print(f"  no figure: {row['title']}: {text}")
    if any(report.OURS in scenario["rows"] for scenario in found.values()):
        print("\nAgainst the targets")
        print(report.plain(["wanted", "found", "verdict"], report.verdicts(found)))


def store(result, folder):
    """Writes the result; a partial bench replaces its scenarios in the document of the same day and machine."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date']}-{result['machine']['slug']}-tcp.json"
    if file.exists():
        known = {**json.loads(file.read_text())["scenarios"], **result["scenarios"]}
        result["scenarios"] = {name: known[name] for name in scenarios.NAMES if name in known}
    file.write_text(json.dumps(result, indent=1) + "\n")
    readable = folder / "tcp.md"
    readable.write_text(report.markdown(result))
    print(f"\nwrote {file} and {readable}")


def main(argv):
    options = arguments(argv)
    machine.require_root()
    causeway, programs = require_programs(options)
    machine.raise_descriptor_limit()
    placement = machine.Placement.choose()
    facts = machine.describe(ROOT, causeway)
    print(f"{facts['cpu']}, {facts['cores']} cores, kernel {facts['kernel']}; {placement.describe()}", flush=True)
    if facts["load_before"] > BUSY:
        print(f"the machine is busy (load average {facts['load_before']}): rates are worth little, ratios need more runs")

    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="causeway-bench-")))
        stack.enter_context(machine.private_network())

        def start_endpoint(kind, port):
            log = scratch / f"{kind}.log"
            if kind == "iperf3":
                return load.iperf3_server(placement, port, log)
            return Process([programs / "bench_responder", port], {placement.endpoint}, log, port=port)

        def say(line):
            print(line, file=sys.stderr, flush=True)

        starter = proxies.Starter(causeway, programs, scratch, placement)
        bench = scenarios.Bench(starter, placement, start_endpoint, options, say)
        if options.profile:
            profile(bench, options.profile, scratch)
            return 0
        found = measure(bench, options, facts["commit"])
    show(found)
    if not options.quick and not options.without:
        store({"format": 1, "date": datetime.date.today().isoformat(), "machine": facts,
               "placement": placement.describe(), "scenarios": found}, options.results)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, KeyboardInterrupt) as stopped:
        sys.exit(f"bench: {stopped or 'interrupted'}")

# SPDX-License-Identifier: Apache-2.0
"""The machine below a bench: a network namespace with known settings, who runs on which core, and what to
write down so that a figure can be judged later."""

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import platform
import re
import resource
import shutil
import subprocess

CLONE_NEWNET = 0x40000000
CONGESTION = "cubic"
ALLOWED = pathlib.Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
NET = pathlib.Path("/proc/sys/net/ipv4")

libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Placement:
    """Which cores do what. The endpoint and the proxy get a core each, the load generator the others."""

    endpoint: int
    proxy: int
    load: tuple

    @staticmethod
    def choose():
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise SystemExit("bench: needs two cores at least: one for the proxy alone, one for everything else")
        if len(cores) == 2:
            return Placement(endpoint=cores[0], proxy=cores[1], load=(cores[0],))
        # Foreign tasks gather on the low-numbered cores, so what is measured takes the high ones.
        return Placement(endpoint=cores[-2], proxy=cores[-1], load=tuple(cores[:-2]))

    def describe(self):
        shared = " (shared with the endpoint: two cores only)" if self.endpoint in self.load else ""
        load = ",".join(map(str, self.load))
        return f"endpoint on core {self.endpoint}, proxy alone on core {self.proxy}, load generator on {load}{shared}"


def require_root():
    if os.geteuid() != 0:
        raise SystemExit("bench: needs root (a network namespace of its own, priorities, descriptor limit): run it with sudo")


def raise_descriptor_limit():
    """Every process of the bench inherits the hard limit; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def private_network():
    """This process, and all it starts, in a network namespace that ends with them: loopback up, cubic, and
    ports enough for a new connection per exchange. The machine's own settings are left as they were."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    allowed_before = ALLOWED.read_text().strip()
    if CONGESTION not in allowed_before.split():
        # A namespace may only choose among these, and the list is the machine's.
        if shutil.which("modprobe"):
            subprocess.run(["modprobe", "-q", f"tcp_{CONGESTION}"], check=False)
        ALLOWED.write_text(f"{allowed_before} {CONGESTION}")
    try:
        checked(libc.unshare(CLONE_NEWNET), "unshare")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        (NET / "tcp_congestion_control").write_text(CONGESTION)
        (NET / "ip_local_port_range").write_text("10000 65535")
        (NET / "tcp_tw_reuse").write_text("1")
        pathlib.Path("/proc/sys/net/core/somaxconn").write_text("4096")
        chosen = (NET / "tcp_congestion_control").read_text().strip()
        if chosen != CONGESTION:
            raise SystemExit(f"bench: congestion control is {chosen}, wanted {CONGESTION}; the figures would not compare")
        yield
    finally:
        checked(libc.setns(home, CLONE_NEWNET), "setns")
        os.close(home)
        if CONGESTION not in allowed_before.split():
            ALLOWED.write_text(allowed_before)


def checked(code, what):
    if code != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def first_line(*command):
    """The first line that a program says about itself, on either stream."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return "missing"
    said = (done.stdout + done.stderr).strip()
    return said.splitlines()[0] if said else ""


def cpu_model():
    found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1) if found else platform.machine()


def describe(root, causeway):
    """The facts that a figure depends on."""
    commit = subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    cores = os.cpu_count()
    model = cpu_model()
    return {
        "cpu": model,
        "cores": cores,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "kernel": platform.release(),
        "slug": re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)|@.*", "", model.lower())).strip("-") + f"-{cores}c",
        "commit": commit or "unknown",
        "congestion_control": CONGESTION,
        "load_before": round(os.getloadavg()[0], 2),  # what else the machine was doing
        "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "versions": {
            "causeway": first_line(str(causeway), "--version"),
            "haproxy": first_line("haproxy", "-v"),
            "nginx": first_line("nginx", "-v"),
            "wrk": first_line("wrk", "-v"),
            "iperf3": first_line("iperf3", "--version"),
        },
    }

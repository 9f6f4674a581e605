# SPDX-License-Identifier: Apache-2.0
"""A pinned process of the bench: started, waited for, measured, and ended by its pid."""

import ctypes
import dataclasses
import os
import pathlib
import resource
import signal
import subprocess
import time

NICE = -12  # above the machine's other work, below the kernel's own threads
PR_SET_PDEATHSIG = 1
START_SECONDS = 10
STOP_SECONDS = 10

libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A run that gave no figure; its text says why."""


@dataclasses.dataclass(frozen=True)
class Memory:
    rss_bytes: int
    pss_bytes: int
    private_bytes: int


def pinned(cores, descriptors=None):
    """What a child does before it becomes the program: its cores, its priority, and to die with the bench."""

    def prepare():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cores)
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    return prepare


class Process:
    """A program that serves until it is stopped. Use as a context."""

    def __init__(self, command, cores, log, port=None, descriptors=None):
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        self.port = port
        with self.log.open("wb") as out:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          preexec_fn=pinned(cores, descriptors))
        self.pid = self.child.pid
        if port is not None:
            self.wait_listening(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_listening(self, port):
        deadline = time.monotonic() + START_SECONDS
        while not listening(port):
            if self.child.poll() is not None:
                raise Failed(f"{self.command[0]} ended with {self.child.returncode}: {self.said()}")
            if time.monotonic() > deadline:
                self.stop()
                raise Failed(f"{self.command[0]} does not listen on {port}: {self.said()}")
            time.sleep(0.01)

    def said(self):
        return self.log.read_text(errors="replace").strip()[-400:]

    def stop(self):
        if self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(1)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(STOP_SECONDS)

    def cpu_seconds(self):
        """Run time of all its threads as the scheduler counted it, softirq work in their context included."""
        total_ns = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total_ns += int((task / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                continue  # a thread that ended between the two looks
        return total_ns / 1e9

    def memory(self):
        fields = {}
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, value = line.split(":")
            fields[name] = int(value.split()[0]) * 1024
        return Memory(rss_bytes=fields["Rss"], pss_bytes=fields["Pss"],
                      private_bytes=fields["Private_Clean"] + fields["Private_Dirty"])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def listening(port):
    """Whether somebody in this namespace listens on the port (asked of the kernel: a probe would be a connection)."""
    wanted = f":{port:04X}"
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if state == "0A" and local.endswith(wanted):
            return True
    return False


def run(command, cores, seconds_max):
    """A program that ends by itself, within a limit; returns what it wrote."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds_max, check=False, preexec_fn=pinned(cores))
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} took more than {seconds_max} s") from None
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout

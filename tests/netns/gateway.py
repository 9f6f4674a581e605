# SPDX-License-Identifier: Apache-2.0
"""What the tests of the real program stand on: a network namespace for the test file, the program with a
document, and ways to wait for something without sleeping blindly.

The program is named by CAUSEWAY_BIN. Everything stays on the loopback of the namespace, which vanishes with the
test process; every wait is bounded, and a test that hangs is ended with the stacks of its threads.
"""

import contextlib
import ctypes
import faulthandler
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

CLONE_NEWNET = 0x40000000
SKIPPED = 77  # as SKIP_RETURN_CODE in CMakeLists.txt
WAIT_SECONDS = 10
TEST_SECONDS = 60
POLL_SECONDS = 0.01
LOG_BYTES_SHOWN = 4000
PR_SET_PDEATHSIG = 1
PAGE = os.sysconf("SC_PAGE_SIZE")

libc = ctypes.CDLL(None, use_errno=True)


def eventually(condition, what, seconds=WAIT_SECONDS):
    """Returns the first true answer of `condition`; fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)  # the program is another process: there is nothing else to wait on


def stays(condition, what, seconds):
    """Holds the test for a while, in which `condition` must remain true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"did not last {seconds} s: {what}")
        time.sleep(POLL_SECONDS)


_next_port = 20000


def free_port():
    """A port nobody had before. The namespace is ours alone and its own choices begin at 40000."""
    global _next_port
    _next_port += 1
    return _next_port


def bound(kind, port, state):
    """Whether the namespace has a socket of this kind bound to the port and in the state."""
    for table in (f"/proc/net/{kind}", f"/proc/net/{kind}6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            _, local, _, is_state, *_ = line.split()
            if is_state == state and int(local.rsplit(":", 1)[1], 16) == port:
                return True
    return False


def is_open(protocol, bind):
    if bind.startswith("unix:"):
        return pathlib.Path(bind[len("unix:"):]).is_socket()
    port = int(bind.rsplit(":", 1)[1])
    return bound("tcp", port, "0A") if protocol == "tcp" else bound("udp", port, "07")


def program():
    path = os.environ.get("CAUSEWAY_BIN", "")
    if not os.access(path, os.X_OK):
        sys.exit(f"CAUSEWAY_BIN must name the program (it is {path!r})")
    return path


def call(*arguments, seconds=30, **options):
    """Runs the program to its end; returns what subprocess says of it, with text."""
    return subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=seconds, check=False, **options)


class Gateway:
    """The program, serving. It accepts on `listeners` (pairs of protocol and bind) when this returns."""

    def __init__(self, arguments, listeners, log, descriptors=None, environment=None):
        self.log_file = pathlib.Path(log)

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        with self.log_file.open("wb") as out:
            self.child = subprocess.Popen([program(), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out, preexec_fn=prepare, env={**os.environ, **(environment or {})})
        self.pid = self.child.pid
        try:
            eventually(lambda: self.child.poll() is not None or all(is_open(*each) for each in listeners),
                       f"the program listens on {listeners}")
            if self.child.poll() is not None:
                raise AssertionError("it ended")
        except AssertionError as failed:
            self.kill()
            raise AssertionError(f"{failed}; exit code {self.child.returncode}; log:\n{self.log()}") from None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=WAIT_SECONDS):
        """Its exit code, once it has ended."""
        return self.child.wait(seconds)

    def stop(self, seconds=WAIT_SECONDS):
        """SIGTERM, and the exit code."""
        if self.child.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(WAIT_SECONDS)

    def rss_bytes(self):
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        total_ns = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):  # a thread that just ended
                total_ns += int((task / "schedstat").read_text().split()[0])
        return total_ns / 1e9

    def wait_for_log(self, text, seconds=WAIT_SECONDS):
        eventually(lambda: text in self.log(), f"the log says {text!r}; it says:\n{self.log()}", seconds)

    def cpu_share(self, seconds):
        """Share of one core used over the next seconds."""
        before = self.cpu_seconds()
        stays(lambda: self.child.poll() is None, "the program runs", seconds)
        return (self.cpu_seconds() - before) / seconds


class Case(unittest.TestCase):
    """One test: a folder, gateways and sockets that are gone after it, and a bound on its time."""

    def setUp(self):
        faulthandler.dump_traceback_later(TEST_SECONDS, exit=True)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="causeway-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.gateways = []
        self.logs = []

    def start(self, document, descriptors=None, environment=None):
        """`causeway run` with the document (the schema, as JSON). After the test it must end in order when told to."""
        file = self.folder / f"gateway-{len(self.gateways)}.json"
        file.write_text(json.dumps(document, indent=1))
        listeners = [(each["protocol"], each["bind"]) for each in document["listeners"]]
        return self.serve(["run", "-c", file], listeners, descriptors=descriptors, environment=environment)

    def serve(self, arguments, listeners, **options):
        """Any command that serves on `listeners` until it is told to end."""
        gateway = Gateway(arguments, listeners, self.folder / f"gateway-{len(self.gateways)}.log", **options)
        self.gateways.append(gateway)
        self.addCleanup(self.end, gateway)
        return gateway

    def end(self, gateway):
        """Connections may still be open: the first SIGTERM drains, the second ends at once."""
        for patience in (1, WAIT_SECONDS):
            if gateway.child.poll() is None:
                gateway.signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    gateway.wait(patience)
        hung = gateway.child.poll() is None
        gateway.kill()
        self.logs.append(f"exit code {gateway.child.returncode}\n{gateway.log()[-LOG_BYTES_SHOWN:]}")
        self.assertFalse(hung, "the gateway did not end after two SIGTERM")
        self.assertGreaterEqual(gateway.child.returncode, 0, "the gateway died of a signal")

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for log in self.logs:
                sys.stderr.write(f"--- log of the gateway of {self.id()}, {log}\n---\n")
        return result

    def connect(self, port, host="127.0.0.1", seconds=WAIT_SECONDS):
        """A connection that is closed after the test; reads and writes on it are bounded in time."""
        connection = socket.create_connection((host, port), timeout=seconds)
        self.addCleanup(connection.close)
        return connection

    def tool(self, *command, seconds=30, **options):
        """Runs a client to its end; the test is skipped where it is not installed."""
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        return subprocess.run([str(word) for word in command], capture_output=True, timeout=seconds, check=False, **options)


def nobody():
    """An address on which nobody listens, and nobody will."""
    return f"127.0.0.1:{free_port()}"


def forwarding(port, *endpoints, listener=None, pool=None, **rest):
    """The document of one tcp listener in front of one pool; extra keys of either are given as dicts."""
    return {
        "workers": 1,
        "listeners": [{"name": "front", "bind": f"127.0.0.1:{port}", "protocol": "tcp", "pool": "back",
                       **(listener or {})}],
        "pools": [{"name": "back", "endpoints": list(endpoints), **(pool or {})}],
        **rest,
    }


def read_all(connection):
    """What arrives until the orderly end of the stream."""
    data = bytearray()
    while chunk := connection.recv(65536):
        data += chunk
    return bytes(data)


def read_exactly(connection, count):
    data = bytearray()
    while len(data) < count:
        chunk = connection.recv(count - len(data))
        if not chunk:
            raise AssertionError(f"the stream ended after {len(data)} of {count} bytes")
        data += chunk
    return bytes(data)


def enter_namespace():
    """Moves this process into a network namespace of its own, as root or in a user namespace; ends with SKIPPED where
    neither may be."""
    if os.geteuid() != 0:
        if shutil.which("unshare") and subprocess.run(["unshare", "-Urn", "true"], capture_output=True).returncode == 0:
            os.execvp("unshare", ["unshare", "-Urn", sys.executable, *sys.argv])
        print("skipped: neither root nor user namespaces: no network namespace to test in")
        sys.exit(SKIPPED)
    if libc.unshare(CLONE_NEWNET) != 0:
        print(f"skipped: no network namespace: {os.strerror(ctypes.get_errno())}")
        sys.exit(SKIPPED)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 65535")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main():
    """The entry point of every file of tests."""
    program()
    enter_namespace()
    unittest.main(verbosity=2)

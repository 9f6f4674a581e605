# SPDX-License-Identifier: Apache-2.0
"""Endpoints of the tests: small servers in threads of the test process that do one thing and remember what they saw.
Each is a context; leaving it closes its sockets and joins its threads."""

import contextlib
import socket
import struct
import threading

ACCEPT_SECONDS = 30
JOIN_SECONDS = 10


def abort(connection):
    """Closes with a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class TcpEndpoint:
    """Runs `serve(connection)` in a thread for each connection it accepts; closes the connection afterwards."""

    def __init__(self, serve, address=("127.0.0.1", 0), family=socket.AF_INET, backlog=1024):
        self.serve = serve
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)
        self.listener.listen(backlog)
        self.accepted = 0
        self.open = 0
        self.lock = threading.Lock()
        self.connections = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]

    @property
    def port(self):
        return self.listener.getsockname()[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(JOIN_SECONDS)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(ACCEPT_SECONDS)
            with self.lock:
                self.accepted += 1
                self.open += 1
                self.connections.append(connection)
            thread = threading.Thread(target=self.attend, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def attend(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass  # the other side went away: the test sees it there
        finally:
            with contextlib.suppress(OSError):
                connection.close()
            with self.lock:
                self.open -= 1


def echo(connection):
    """Sends back what comes, and the end of the stream too."""
    while chunk := connection.recv(65536):
        connection.sendall(chunk)


def say(text):
    """Sends a text and ends; good for telling endpoints apart."""

    def serve(connection):
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    return serve


def hold(connection):
    """Reads and says nothing until the other side ends."""
    while connection.recv(65536):
        pass


class DeafEndpoint:
    """Listens, but its queue is full, so that no further connection is ever answered."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.fillers = []

    def __enter__(self):
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.listener.getsockname())
            self.fillers.append(filler)
        return self

    def __exit__(self, *_):
        for each in [*self.fillers, self.listener]:
            each.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.listener.getsockname()[1]}"


class UdpEndpoint:
    """Answers each datagram with `answer(data)`; remembers from where datagrams came."""

    def __init__(self, answer=lambda data: data, address=("127.0.0.1", 0), family=socket.AF_INET):
        self.answer = answer
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0.2)
        self.sources = []
        self.received = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def port(self):
        return self.socket.getsockname()[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join(JOIN_SECONDS)
        self.socket.close()

    def run(self):
        while not self.ending.is_set():
            try:
                data, source = self.socket.recvfrom(65535)
            except OSError:
                continue  # time to look whether the test is over, or an error of an earlier answer
            self.received += 1
            if source not in self.sources:
                self.sources.append(source)
            answer = self.answer(data)
            if answer is not None:
                with contextlib.suppress(OSError):
                    self.socket.sendto(answer, source)


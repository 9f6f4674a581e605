# SPDX-License-Identifier: Apache-2.0
"""Much data through the gateway, bit for bit: the ways through scratch buffers, large reads and splice.

    python, iperf3 ──▶ 127.0.0.1:front [causeway] ──▶ 127.0.0.1:* threads of this process, iperf3 -s
"""

import hashlib
import json
import os
import socket
import subprocess
import threading

from endpoints import TcpEndpoint, echo
from gateway import Case, eventually, forwarding, free_port, is_open, main, read_all

BLOCK_BYTES = 1 << 20
BULK_BLOCKS = 256
SALT = os.urandom(BLOCK_BYTES)


def blocks(count):
    """`count` blocks of a mebibyte, no two alike, so that one lost, doubled or misplaced shows in the sum."""
    for number in range(count):
        yield number.to_bytes(8, "big") + SALT[8:]


def sum_of(count):
    digest = hashlib.sha256()
    for block in blocks(count):
        digest.update(block)
    return digest.digest()


def sum_received(connection):
    digest = hashlib.sha256()
    while chunk := connection.recv(BLOCK_BYTES):
        digest.update(chunk)
    return digest.digest()


class Bulk(Case):
    def test_an_upload_arrives_whole(self):
        with TcpEndpoint(lambda connection: connection.sendall(sum_received(connection))) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connection = self.connect(port, seconds=40)
            for block in blocks(BULK_BLOCKS):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), sum_of(BULK_BLOCKS))

    def test_a_download_arrives_whole(self):
        def serve(connection):
            for block in blocks(BULK_BLOCKS):
                connection.sendall(block)

        with TcpEndpoint(serve) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            self.assertEqual(sum_received(self.connect(port, seconds=40)), sum_of(BULK_BLOCKS))

    def test_both_ways_at_once_on_several_connections(self):
        count = 48
        results = []

        def one(port):
            connection = socket.create_connection(("127.0.0.1", port), timeout=40)
            with connection:
                reader = threading.Thread(target=lambda: results.append(sum_received(connection)))
                reader.start()
                for block in blocks(count):
                    connection.sendall(block)
                connection.shutdown(socket.SHUT_WR)
                reader.join()

        with TcpEndpoint(echo) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            clients = [threading.Thread(target=one, args=(port,)) for _ in range(4)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
        self.assertEqual(results, [sum_of(count)] * 4)

    def test_small_and_large_messages_mixed(self):
        # Changes between the ways of moving bytes, in the middle of a stream, keep their order.
        sizes = [1, 300_000, 7, 1_000_000, 2, 2, 65_536, 65_537, 16_384, 3, 4_000_000, 1] * 4
        sent = hashlib.sha256()

        with TcpEndpoint(lambda connection: connection.sendall(sum_received(connection))) as endpoint:
            port = free_port()
            self.start(forwarding(port, endpoint.address))
            connection = self.connect(port, seconds=40)
            for number, size in enumerate(sizes):
                piece = (number.to_bytes(4, "big") + SALT * (size // BLOCK_BYTES + 1))[:size]
                sent.update(piece)
                connection.sendall(piece)
                if size < 1000:
                    threading.Event().wait(0.01)  # lets the flow dry up between messages
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), sent.digest())

    def expect_iperf3(self, *options):
        port, back = free_port(), free_port()
        server = subprocess.Popen(["iperf3", "-s", "-1", "-p", str(back)], stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        eventually(lambda: is_open("tcp", f"127.0.0.1:{back}"), "iperf3 listens")
        self.start(forwarding(port, f"127.0.0.1:{back}"))
        said = self.tool("iperf3", "-J", "-c", "127.0.0.1", "-p", port, *options)
        self.assertEqual(said.returncode, 0, said.stdout)
        end = json.loads(said.stdout)["end"]
        self.assertGreaterEqual(end["sum_sent"]["bytes"], 64 << 20)
        # The receiver stops counting when it hears of the end on another connection, with much still under way.
        self.assertGreater(end["sum_received"]["bytes"], 0)

    def test_iperf3_streams(self):
        self.expect_iperf3("-P", 4, "-n", "64M")

    def test_iperf3_backwards(self):
        self.expect_iperf3("-R", "-n", "64M")


if __name__ == "__main__":
    main()

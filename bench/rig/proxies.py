# SPDX-License-Identifier: Apache-2.0
"""The rows of a bench: Causeway, its peers, and the floor; how each is started in front of one endpoint."""

import dataclasses
import pathlib

from rig.process import Process

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
MAX_CONNECTIONS = 9000


@dataclasses.dataclass(frozen=True)
class Row:
    """One contestant. `template` is its configuration in bench/peers, `command` what is run with it."""

    name: str
    title: str
    command: tuple
    template: str = ""


CAUSEWAY = Row("causeway", "Causeway", ("@causeway@", "run", "-c", "@file@"), "causeway.yaml")
HAPROXY = Row("haproxy", "HAProxy tcp", ("haproxy", "-db", "-f", "@file@"), "haproxy.cfg")
HAPROXY_SPLICE = Row("haproxy-splice", "HAProxy tcp, forced splice", HAPROXY.command, "haproxy-splice.cfg")
NGINX = Row("nginx", "nginx stream", ("nginx", "-c", "@file@"), "nginx-stream.conf")
NGINX_64K = Row("nginx-64k", "nginx stream, 64 KiB buffers", NGINX.command, "nginx-stream-64k.conf")
FLOOR_COPY = Row("floor", "floor: bare epoll relay", ("@programs@/bench_relay", "@listen@", "@endpoint@", "copy"))
FLOOR_SPLICE = Row("floor-splice", "floor: bare epoll splice relay",
                   ("@programs@/bench_relay", "@listen@", "@endpoint@", "splice"))


def fill(text, values):
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


class Starter:
    """Starts a row between two ports, pinned to the proxy's core. Files and logs go into `scratch`."""

    def __init__(self, causeway, programs, scratch, placement):
        self.values = {"causeway": causeway, "programs": programs, "scratch": scratch}
        self.scratch = pathlib.Path(scratch)
        self.placement = placement

    def start(self, row, listen, endpoint, connections_max=MAX_CONNECTIONS, descriptors=None):
        values = dict(self.values, listen=listen, endpoint=endpoint, max=connections_max)
        if row.template:
            suffix = pathlib.Path(row.template).suffix
            file = self.scratch / f"{row.name}-{listen}{suffix}"
            file.write_text(fill((PEERS / row.template).read_text(), values))
            values["file"] = file
        command = [fill(word, values) for word in row.command]
        log = self.scratch / f"{row.name}-{listen}.log"
        return Process(command, {self.placement.proxy}, log, port=listen, descriptors=descriptors)

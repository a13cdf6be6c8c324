# SPDX-License-Identifier: Apache-2.0
"""Round trip of a call in QMI, for ``agent.py --qmi PYTHON``; PYTHON has QMI installed.

A server in a process of its own and a client here, over TCP, not encrypted (QMI knows no encryption). For
each line of standard input the client makes 200 calls and prints the median of a round trip in seconds.
"""

import socket
import subprocess
import sys
from statistics import median
from time import perf_counter

from qmi.core.config_defs import CfgContext, CfgQmi
from qmi.core.context import QMI_Context
from qmi.core.rpc import QMI_RpcObject, rpc_method

CALLS, ANSWER = 200, 400


class Echo(QMI_RpcObject):
    """As small as a QMI object can be."""

    @rpc_method
    def ask(self) -> bytes:
        """As many bytes as a node's status has."""
        return bytes(ANSWER)


def serve() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = QMI_Context("server", CfgQmi(contexts={"server": CfgContext(tcp_server_port=port)}))
    context.start()
    context.make_rpc_object("echo", Echo)
    print(port, flush=True)
    sys.stdin.read()
    context.stop()


def ask() -> None:
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        context = QMI_Context("client", CfgQmi())
        context.start()
        context.connect_to_peer("server", f"127.0.0.1:{server.stdout.readline().strip()}")
        echo = context.get_rpc_object_by_name("server.echo")
        for _ in sys.stdin:
            times = []
            for _ in range(CALLS):
                begun_s = perf_counter()
                echo.ask()
                times.append(perf_counter() - begun_s)
            print(median(times), flush=True)
        context.stop()
        assert server.stdin is not None
        server.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        ask()

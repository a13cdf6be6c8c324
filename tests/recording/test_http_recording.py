# SPDX-License-Identifier: Apache-2.0
"""HTTP with JSON bodies is recorded, replayed and compared; clients and server are the standard library's."""

import http.client
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from heraldlink_sim.recording import conform, load_transcript, serve_recording, serve_replay


class Fridge(BaseHTTPRequestHandler):
    """Temperatures that rise with each reading, and a heater; kept alive between requests."""

    protocol_version = "HTTP/1.1"
    readings = 0
    heater_W = 0.0

    def do_GET(self) -> None:
        type(self).readings += 1
        self._send({"serial": "BF-12345", "mxc_K": 0.01 * self.readings, "heater_W": self.heater_W})

    def do_POST(self) -> None:
        type(self).heater_W = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["heater_W"]
        self._send({"ok": True})

    def _send(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    Fridge.readings, Fridge.heater_W = 0, 0.0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fridge)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def session(address: str) -> list[object]:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
    found: list[object] = []
    for method, body in (("GET", None), ("GET", None), ("POST", '{"heater_W": 0.5}'), ("GET", None)):
        connection.request(method, "/values", body)
        answer = connection.getresponse()
        found.append((answer.status, json.loads(answer.read())))
    connection.request("GET", "/nothing")
    answer = connection.getresponse()
    found.append((answer.status, json.loads(answer.read())))
    connection.close()
    return found


def test_http_comes_back_and_says_that_it_is_a_replay(address, listen, loop, tmp_path) -> None:
    file = tmp_path / "fridge"
    recorded = session(listen(serve_recording({"fridge": address}, file)).addresses["fridge"])
    replay = listen(serve_replay(file)).addresses["fridge"]
    replayed = session(replay)
    assert json.loads(json.dumps(replayed).replace("REPLAY-", "")) == json.loads(json.dumps(recorded))
    assert replayed[0][1]["serial"] == "REPLAY-BF-12345"
    first, second = load_transcript(file).entries[:2]
    assert first.message == b"GET /values"
    assert re.fullmatch(rb'200 \[[^]]+ GMT\] {"serial": "BF-12345", "mxc_K": 0.01, .*}', second.message)
    connection = http.client.HTTPConnection(replay.removeprefix("http://"), timeout=5)
    connection.request("GET", "/valuse")
    answer = connection.getresponse()
    assert (answer.status, b"nearest: 'GET /values'" in answer.read()) == (404, True)
    connection.close()
    Fridge.readings, Fridge.heater_W = 0, 0.0
    found = loop.run(conform(file, address))
    assert len(found) == 5
    assert {item.verdict for item in found} <= {"equal", "tolerated"}

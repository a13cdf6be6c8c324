# SPDX-License-Identifier: Apache-2.0
"""A Bluefors cryostat as HTTP and WebSocket clients see it."""

import http.client
import json
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.bluefors import BlueforsCryostat, serve_bluefors
from heraldlink_sim.faces.http_server import response
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.transport.server import Dropped, Repeated

MIXING = "mapper.bf.temperatures.tmixing"


class Door:
    def __init__(self, face):
        self.face, self.wire_log, self.otherwise = face, face.wire_log, None

    def respond(self, message):
        return self.otherwise() if self.otherwise else self.face.respond(message)


@pytest.fixture
def face():
    return BlueforsCryostat("SIM-fridge", SteppedClock())


@pytest.fixture
def door(face):
    return Door(face)


@pytest.fixture
def loop():
    with EventLoopThread() as running:
        yield running


@pytest.fixture
def server(loop, face, door):
    listening = loop.run(serve_bluefors(face, device=door))
    yield listening
    loop.run(listening.close())


@pytest.fixture
def ask(server):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)

    def request(method, target, body=None):
        text = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, target, text)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())

    yield request
    connection.close()


def latest(content, path=MIXING):
    return content["data"][path]["content"]["latest_value"]


def test_a_temperature_is_a_text_with_time_and_status(ask, face):
    face.temperature_K = lambda channel: {6: 0.0123}.get(channel, 4.0)
    status, content = ask("GET", "/values/mapper/bf/temperatures/tmixing")
    assert status == 200
    assert latest(content)["value"] == "0.0123"
    assert latest(content)["status"] == "SYNCHRONIZED"
    assert latest(content)["outdated"] is False
    assert content["data"][MIXING]["type"] == "Value.Number.Float"


def test_a_value_that_is_not_measured_any_more_grows_old(ask, face):
    face.hold(MIXING)
    face.clock.spend(30)
    assert latest(ask("GET", "/values/mapper/bf/temperatures/tmixing/")[1])["outdated"] is False
    face.clock.spend(40)
    assert latest(ask("GET", "/values/mapper/bf/temperatures/tmixing/")[1])["outdated"] is True


def test_recursion_styles_and_fields(ask):
    flat = ask("GET", "/values/mapper/bf/temperatures")[1]["data"]
    assert set(flat) == {
        f"mapper.bf.temperatures.{t}" for t in ("t50k", "t4k", "tmagnet", "tstill", "tmixing")
    }
    tree = ask("GET", "/values/mapper/bf/temperatures?style=tree&fields=type,content.latest_value.value")[1][
        "data"
    ]
    node = tree["mapper"]["bf"]["temperatures"]["tstill"]
    assert node == {"type": "Value.Number.Float", "content": {"latest_value": {"value": "0.85"}}}
    assert set(ask("GET", "/values/mapper/bf?recursion=1")[1]["data"]) == {"mapper.bf.flow"}
    assert len(ask("GET", "/values")[1]["data"]) > 40
    assert ask("GET", "/system?prettyprint=1")[1]["data"]["system_name"] == "SIM-fridge"


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        ("GET", "/values/mapper/bf/temperatures/tnowhere", None, 3001),
        ("GET", "/weather", None, 10013),
        ("GET", "/values?recursion=deep", None, 10013),
        ("GET", "/values?style=baroque", None, 10013),
        ("POST", "/values/", b"not json", 10013),
        ("POST", "/values/", [1], 10013),
        ("PUT", "/values/", {}, 10013),
    ],
)
def test_what_is_no_request(ask, method, target, body, code):
    status, content = ask(method, target, body)
    assert status >= 400
    assert content["error"]["code"] == code


def test_writing_is_queued_and_then_synchronized(ask, face):
    path = "mapper.bf.valves.v3"
    body = {"data": {path: {"content": {"value": "1"}}, "mapper.bf.nothing": {"content": {"value": "1"}}}}
    content = ask("POST", "/values/", body)[1]["data"]
    assert content[path]["content"]["latest_value"]["status"] == "QUEUED"
    assert content[path]["content"]["latest_valid_value"]["value"] == "0"
    assert content["mapper.bf.nothing"]["error"]["code"] == 3001
    face.clock.spend(1.0)
    assert latest(ask("GET", "/values/mapper/bf/valves/v3")[1], path)["status"] == "SYNCHRONIZED"
    assert face.value(path) == "1"


@pytest.mark.parametrize("value", ["7", "x", "nan", None])
def test_a_wrong_value_is_refused(ask, face, value):
    path = "mapper.bf.valves.v3"
    content = ask("POST", "/values/", {"data": {path: {"content": {"value": value}}}})[1]
    assert "error" in content["data"][path]
    assert face.value(path) == "0"
    read_only = ask("POST", "/values/", {"data": {MIXING: {"content": {"value": "1"}}}})[1]
    assert "read-only" in read_only["data"][MIXING]["error"]["description"]


def test_the_key():
    with EventLoopThread() as loop:
        server = loop.run(serve_bluefors(BlueforsCryostat("SIM-1", key="secret")))
        connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
        connection.request("GET", "/system")
        reply = connection.getresponse()
        assert (reply.status, "error" in json.loads(reply.read())) == (503, True)
        connection.request("GET", "/system?key=secret")
        assert connection.getresponse().status == 200
        connection.close()
        loop.run(server.close())


def test_websocket_commands_and_notifications(server, face):
    with connect(server.address.replace("http", "ws") + "/ws/values") as client:

        def say(**message):
            client.send(json.dumps(message))
            received = json.loads(client.recv(5))
            assert received == {"id": message.get("id"), "status": "RECEIVED"}
            return json.loads(client.recv(5))

        read = say(command="read", id=1, data={"target": MIXING})
        assert read["status"] == "SUCCEEDED"
        assert latest(read)["value"] == "0.012"
        assert say(command="listen", id=2, data={"target": "mapper.bf.valves.v1"})["status"] == "SUCCEEDED"
        assert json.loads(client.recv(5))["status"] == "NOTIFICATION"
        assert say(command="status", id=3)["data"] == {"listening": ["mapper.bf.valves.v1"]}
        write = {"data": {"mapper.bf.valves.v1": {"content": {"value": 1}}}}
        client.send(json.dumps({"command": "write", "id": 4} | write))
        told = [json.loads(client.recv(5)) for _ in range(3)]
        assert sorted(m["status"] for m in told) == ["NOTIFICATION", "RECEIVED", "SUCCEEDED"]
        face.clock.spend(1.0)
        news = json.loads(client.recv(5))
        assert latest(news, "mapper.bf.valves.v1")["status"] == "SYNCHRONIZED"
        assert say(command="unlisten", id=5, data={"target": "mapper.bf.valves.v1"})["data"] == {
            "listening": []
        }
        assert say(command="dance", id=6)["error"]["code"] == 10013
        client.send("garbage")
        assert [json.loads(client.recv(5))["status"] for _ in range(2)] == ["RECEIVED", "ERROR"]


def raw(server, request=b"GET /system HTTP/1.1\r\nHost: x\r\n\r\n"):
    with socket.create_connection((server.host, server.port), 5) as client:
        client.sendall(request)
        received = b""
        while data := client.recv(4096):
            received += data
        return received


async def refuse(server, refusing):
    server.refuse(refusing)


def hung_up(server):
    try:
        return raw(server) == b""
    except ConnectionError:
        return True


def fail(error):
    raise error


def test_what_is_no_request_is_answered_and_fills_no_log(server, caplog):
    with socket.create_connection((server.host, server.port), 5) as client:
        client.sendall(b"A" * 100_000 + b"\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.0 400"
    assert caplog.records == []


def test_broken_answers_and_refusal(server, door, loop):
    whole = response({"data": {}})
    door.otherwise = lambda: fail(Dropped(whole[:20]))
    assert raw(server) == whole[:20]
    door.otherwise = lambda: fail(Repeated(whole))
    assert raw(server) == whole * 2
    door.otherwise = lambda: b"garbage"
    assert raw(server) == b"garbage"
    door.otherwise = lambda: fail(Dropped(b"HTTP/1.1 2", closes=False))
    with socket.create_connection((server.host, server.port), 0.3) as client:
        client.sendall(b"GET /system HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 2"
        with pytest.raises(TimeoutError):
            client.recv(100)
    loop.run(refuse(server, True))
    assert hung_up(server)
    loop.run(refuse(server, False))
    door.otherwise = None
    assert raw(server, b"GET /system HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.")


def test_a_body_may_come_byte_by_byte_and_not_without_end(server, face):
    body = json.dumps({"data": {"mapper.bf.valves.v3": {"content": {"value": 1}}}}).encode()
    head = f"POST /values HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection((server.host, server.port), 5) as client:
        for byte in head + body:
            client.sendall(bytes([byte]))
        assert b"200 OK" in client.recv(4096)
    assert face.value("mapper.bf.valves.v3") == "1"
    with socket.create_connection((server.host, server.port), 5) as client:
        client.sendall(b"POST /values HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
        client.sendall(b"x" * 1_500_000)
        assert b"413" in client.recv(4096)


def test_settings_are_told_from_queries(face):
    assert face.swallow(b"GET /values HTTP/1.1\r\n\r\n") is None
    assert b"200 OK" in face.swallow(b"POST /values HTTP/1.1\r\n\r\n{}")
    assert b"SUCCEEDED" in face.swallow(b'{"command": "write", "id": 1}')
    assert face.swallow(b'{"command": "read"}') is None


@pytest.mark.parametrize("rubbish", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"x" * 100_000 + b"\r\n\r\n"])
def test_rubbish_on_the_socket_leaves_the_server_alive(server, ask, rubbish):
    with socket.create_connection((server.host, server.port), 5) as client:
        client.sendall(rubbish)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert ask("GET", "/system")[0] == 200


@settings(max_examples=200)
@given(st.binary() | st.text().map(lambda t: f"GET /values/{t} HTTP/1.1\r\n\r\n".encode("utf-8", "replace")))
def test_garbage_never_crashes_the_instrument(message):
    face = BlueforsCryostat("SIM-1")
    assert face.respond(message)
    assert b"200 OK" in face.respond(b"GET /system HTTP/1.1\r\n\r\n")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200)
@given(json_like, st.sampled_from(["read", "write", "listen", "unlisten", "status"]))
def test_any_json_is_answered(data, command):
    face = BlueforsCryostat("SIM-1")
    assert b"RECEIVED" in face.respond(json.dumps({"command": command, "data": data}).encode())
    assert face.respond(b"POST /values HTTP/1.1\r\n\r\n" + json.dumps({"data": data}).encode())

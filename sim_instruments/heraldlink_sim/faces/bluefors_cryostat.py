# SPDX-License-Identifier: Apache-2.0
"""Bluefors Control Software, API generation 1: a cryostat's values over HTTP and WebSocket.

Pure but for the clock: one request in, its answer out. From the vendor's reference as summarised by users:
``GET /system``, ``GET /values/PATH`` with ``fields``, ``style=flat|tree``, ``recursion``, ``prettyprint`` and
``key``; ``POST /values/``; on ``/ws/values`` the commands read, write (also ``set``), listen, unlisten and
status, each answered RECEIVED and then SUCCEEDED or ERROR, and NOTIFICATION for values that are listened to.
Errors: 10013 for what is no request, 3001 for a value that is not there; denied is HTTP 503. The other error
numbers, the field names of WebSocket messages and the HTTP status of a wrong path are not confirmed [?].
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from email.utils import formatdate
from typing import Literal, cast
from urllib.parse import parse_qs, unquote, urlsplit

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.bluefors_values import STAGES_K, Value, values
from heraldlink_sim.faces.http_server import HttpRequest, request_of, response

INVALID_REQUEST, VALUE_NOT_FOUND, VALUE_REFUSED, DENIED = 10013, 3001, 3002, 10001
SWITCHED_ON_S = 1_767_225_600.0
"""The instrument's calendar begins on 2026-01-01."""
COMMAND_COST_S = 1e-3
WIRE_LOG_LENGTH = 2000
ROOM_K = 295.0
LISTENED: ContextVar[set[str]] = ContextVar("bluefors_listened")
"""Paths that the WebSocket whose message is answered listens to; the server sets it."""


class RequestError(SimulationError):
    """A request that is refused; ``code`` is the software's number, ``status`` that of HTTP."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.status = code, status


class BlueforsCryostat:
    """A cold cryostat; ``temperature_K(channel)`` is asked when a thermometer is read (6: mixing chamber)."""

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None, key: str = "") -> None:
        self.serial, self.clock, self._key = serial, clock or SteppedClock(), key
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self.temperature_K: Callable[[int], float] = lambda channel: STAGES_K.get(channel, ROOM_K)
        self._values: dict[str, Value] = {}
        self.power_cycle()

    # --- the bench

    def power_cycle(self) -> None:
        """Restart the control software: everything as at its start."""
        self._values = values(lambda channel: self.temperature_K(channel))
        for value in self._values.values():
            value.written_s = self.now_s() - 1e3

    def hold(self, path: str) -> None:
        """Stop a measurement: its value grows old."""
        self._values[path].hold(self.now_s())

    def value(self, path: str) -> str:
        """Present text of a value, for tests."""
        return str(self._values[path].latest(self.now_s())["value"])

    def now_s(self) -> float:
        """The software's clock, s since 1970."""
        return SWITCHED_ON_S + self.clock.now_s()

    def swallow(self, message: bytes) -> bytes | None:
        """What is answered to a setting that does nothing; None for anything else."""
        request = request_of(message)
        if request.method:
            return self._response({"data": {}}) if request.method == "POST" else None
        try:
            command = _object(message)
        except RequestError:
            return None
        if command.get("command") not in ("write", "set"):
            return None
        number = command.get("id")
        received = {"id": number, "status": "RECEIVED"}
        return _lines(received, {"id": number, "status": "SUCCEEDED", "data": {}})

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one HTTP request with a response, or one WebSocket text with its texts, one per line."""
        self.wire_log.append(("in", message))
        self.clock.spend(COMMAND_COST_S)
        request = request_of(message)
        answer = self._http(request) if request.method else self._text(message)
        self.wire_log.append(("out", answer))
        return answer

    async def execute(self, message: bytes) -> bytes:
        """Answer one message."""
        return self.respond(message)

    def _http(self, request: HttpRequest) -> bytes:
        parts = urlsplit(request.target)
        query = {name: texts[-1] for name, texts in parse_qs(parts.query, keep_blank_values=True).items()}
        try:
            if self._key and query.get("key") != self._key:
                raise RequestError(DENIED, "Access denied", 503)
            return self._route(request, unquote(parts.path).strip("/").split("/"), query)
        except RequestError as error:
            return self._response({"error": _described(error)}, error.status)

    def _route(self, request: HttpRequest, path: list[str], query: Mapping[str, str]) -> bytes:
        if path == ["system"] and request.method == "GET":
            return self._response({"data": self._system()})
        if path[0] != "values":
            raise RequestError(INVALID_REQUEST, f"No such endpoint: {'/'.join(path)}", 404)
        if request.method == "GET":
            data = self._read(".".join(path[1:]), query)
            return self._response({"data": data}, indent=2 if "prettyprint" in query else None)
        if request.method == "POST":
            return self._response({"data": self._write(_object(request.body))})
        raise RequestError(INVALID_REQUEST, f"Method {request.method} is not allowed", 405)

    def _response(self, content: object, status: int = 200, indent: int | None = None) -> bytes:
        date = formatdate(self.now_s(), usegmt=True)
        return response(content, status, date=date, indent=indent)

    def _system(self) -> dict[str, object]:
        return {"system_name": self.serial, "system_version": "2.2.0", "api_version": "1.0"}

    # --- values

    def _read(self, path: str, query: Mapping[str, str]) -> dict[str, object]:
        depth = _whole(query.get("recursion", "-1"))
        found = {name: value for name, value in self._values.items() if _below(name, path, depth)}
        if not found:
            raise RequestError(VALUE_NOT_FOUND, f"Value not found: {path}", 404)
        fields = [field for field in query.get("fields", "").split(",") if field]
        nodes: dict[str, object] = {
            name: _chosen(value.node(self.now_s()), fields) for name, value in found.items()
        }
        style = query.get("style", "flat")
        if style not in ("flat", "tree"):
            raise RequestError(INVALID_REQUEST, f"Unknown style: {style}")
        return _tree(nodes) if style == "tree" else nodes

    def _write(self, body: Mapping[str, object]) -> dict[str, object]:
        """Write values, each on its own: a refused one does not hold up the others."""
        data = body.get("data")
        if not isinstance(data, dict):
            raise RequestError(INVALID_REQUEST, "data is missing")
        answers: dict[str, object] = {}
        for path, node in cast("dict[str, object]", data).items():
            try:
                answers[path] = self._write_one(path.replace("/", "."), node)
            except RequestError as error:
                answers[path] = {"error": _described(error)}
        return answers

    def _write_one(self, path: str, node: object) -> dict[str, object]:
        value = self._values.get(path)
        if value is None:
            raise RequestError(VALUE_NOT_FOUND, f"Value not found: {path}")
        content = cast("dict[str, object]", node).get("content") if isinstance(node, dict) else None
        if not isinstance(content, dict) or "value" not in content:
            raise RequestError(INVALID_REQUEST, "content.value is missing")
        if not value.writable:
            raise RequestError(VALUE_REFUSED, f"Value is read-only: {path}")
        try:
            value.write(str(cast("dict[str, object]", content)["value"]), self.now_s())
        except ValueError as error:
            raise RequestError(VALUE_REFUSED, str(error)) from error
        return value.node(self.now_s())

    # --- WebSocket

    def _text(self, message: bytes) -> bytes:
        number: object = None
        try:
            command = _object(message)
            number = command.get("id")
            received = {"id": number, "status": "RECEIVED"}
            done = {"id": number, "status": "SUCCEEDED", "data": self._command(command)}
            return _lines(received, done)
        except RequestError as error:
            failed = {"id": number, "status": "ERROR", "error": _described(error)}
            return _lines({"id": number, "status": "RECEIVED"}, failed)

    def _command(self, command: Mapping[str, object]) -> object:
        listened = LISTENED.get(set())
        name = command.get("command")
        if name == "status":
            return {"listening": sorted(listened)}
        if name in ("write", "set"):
            return self._write(command)
        path = _path(command.get("data"))
        if name == "read":
            return self._read(path, {})
        if name not in ("listen", "unlisten"):
            raise RequestError(INVALID_REQUEST, f"Unknown command: {name}")
        paths = set(self._read(path, {}))
        (listened.update if name == "listen" else listened.difference_update)(paths)
        return {"listening": sorted(listened)}

    def news(self, listened: set[str], told: dict[str, object]) -> list[bytes]:
        """Notifications for values that are not what was ``told`` of them, which is brought up to date."""
        texts: list[bytes] = []
        for path in sorted(listened):
            node = self._values[path].node(self.now_s())
            latest = cast("dict[str, dict[str, object]]", node["content"])["latest_value"]
            state = (latest["value"], latest["status"])
            if told.get(path) != state:
                told[path] = state
                texts.append(json.dumps({"status": "NOTIFICATION", "data": {path: node}}).encode())
        return texts


def _object(text: bytes) -> dict[str, object]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RequestError(INVALID_REQUEST, "Not a JSON object")
    return cast("dict[str, object]", found)


def _path(data: object) -> str:
    target = cast("dict[str, object]", data).get("target") if isinstance(data, dict) else data
    if not isinstance(target, str):
        raise RequestError(INVALID_REQUEST, "data.target is missing")
    return target.strip("/").replace("/", ".").removeprefix("values.")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RequestError(INVALID_REQUEST, f"recursion: {text[:20]!r} is no whole number") from None


def _below(name: str, path: str, depth: int) -> bool:
    """Whether a value is at a path or, at most ``depth`` levels (-1: any number), below it."""
    if name == path:
        return True
    start = f"{path}." if path else ""
    return name.startswith(start) and (depth < 0 or name[len(start) :].count(".") < depth)


def _chosen(node: dict[str, object], fields: list[str]) -> dict[str, object]:
    """Of a node, only the fields that were asked for (``content.latest_value`` goes deeper)."""
    if not fields:
        return node
    chosen: dict[str, object] = {}
    for name, inner in node.items():
        deeper = [field.partition(".")[2] for field in fields if field.startswith(f"{name}.")]
        if name in fields:
            chosen[name] = inner
        elif deeper and isinstance(inner, dict):
            chosen[name] = _chosen(cast("dict[str, object]", inner), deeper)
    return chosen


def _tree(nodes: Mapping[str, object]) -> dict[str, object]:
    root: dict[str, object] = {}
    for path, node in nodes.items():
        *groups, name = path.split(".")
        here = root
        for group in groups:
            here = cast("dict[str, object]", here.setdefault(group, {}))
        here[name] = node
    return root


def _described(error: RequestError) -> dict[str, object]:
    return {"code": error.code, "description": str(error)}


def _lines(*messages: object) -> bytes:
    return b"\n".join(json.dumps(message).encode() for message in messages)

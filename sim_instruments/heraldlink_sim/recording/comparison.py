# SPDX-License-Identifier: Apache-2.0
"""Two answers to one request: equal, tolerated, different, or unknown to one side.

Numbers may differ by a relative tolerance and be written differently; the serial number and firmware of an
identity and times of day are not compared; of an error-queue entry only the code counts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Literal, cast

from heraldlink_sim.recording.marks import with_serial
from heraldlink_sim.recording.script import NeverRecorded, Script, each_service, shown
from heraldlink_sim.recording.text import without_blocks
from heraldlink_sim.recording.transcript import Exchange, Service, load_transcript

Verdict = Literal["equal", "tolerated", "different", "unknown"]
TOLERANCE = 1e-6

_IDENTITY = re.compile(rb"\*IDN\?", re.IGNORECASE)
_ERROR_QUERY = re.compile(rb":?SYST(?:EM)?:ERR(?:OR)?(?::NEXT)?\?\s*", re.IGNORECASE)
_HTTP = re.compile(rb"^(\d{3}) \[[^\]]*\] ?")
_STATUS = re.compile(r"(\d{3}) (?=[{\[])")
_CLOCKS = re.compile(r"^(time|date|inactivity)$|timestamp$", re.IGNORECASE)
"""Members of JSON objects that are times of day or since then."""
_ERROR = re.compile(r"([+-]?\d+)\s*,")
_TIME = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?|\d{1,2}:\d{2}:\d{2}(\.\d+)?"
)
_FIELD = re.compile(r"[^\s,;()'\"]+|[,;()'\"]")
_UNKNOWN = re.compile(rb"-113\b|SCPI_ERR_UNDEFINED_HEADER|unknown label|is not available", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One request with the answers of both sides (shortened), and how they compare."""

    service: str
    request: str
    left: str
    right: str
    verdict: Verdict
    why: str = ""


def compare(left: Path, right: Path, tolerance: float = TOLERANCE) -> list[Finding]:
    """Compare what two transcripts answer to the requests of the first, one finding for each exchange."""
    one, other = load_transcript(left), load_transcript(right)

    def script(service: str, exchanges: list[Exchange]) -> Script:
        return Script(exchanges, "state", other.services.get(service, Service("raw")).protocol)

    scripts = each_service(other.exchanges(), script)
    return [_against(exchange, scripts.get(exchange.service), tolerance) for exchange in one.exchanges()]


def _against(exchange: Exchange, script: Script | None, tolerance: float) -> Finding:
    try:
        answers = () if script is None else script.answer(exchange.request).answers
    except NeverRecorded as error:
        return finding(exchange, (), "unknown", str(error))
    if script is None:
        return finding(exchange, (), "unknown", f"the other transcript has no service {exchange.service}")
    return judged(exchange, answers, tolerance)


def judged(exchange: Exchange, answers: Sequence[bytes], tolerance: float = TOLERANCE) -> Finding:
    """Compare recorded answers with those of somebody else to the same request."""
    if exchange.answers and not answers:
        return finding(exchange, answers, "unknown", "not answered")
    if not _ERROR_QUERY.fullmatch(exchange.request) and _not_known(answers) > _not_known(exchange.answers):
        return finding(exchange, answers, "unknown", "an undefined header")
    if len(exchange.answers) != len(answers):
        return finding(
            exchange, answers, "different", f"{len(exchange.answers)} answers, {len(answers)} there"
        )
    verdicts = [
        _judge(exchange.request, one, other, tolerance)
        for one, other in zip(exchange.answers, answers, strict=True)
    ]
    order: list[Verdict] = ["different", "tolerated", "equal"]
    verdict, why = min(verdicts, key=lambda item: order.index(item[0]), default=("equal", ""))
    return finding(exchange, answers, verdict, why)


def finding(exchange: Exchange, answers: Sequence[bytes], verdict: Verdict, why: str) -> Finding:
    """The finding of an exchange and other answers to it."""
    left, right = (" | ".join(map(shown, side)) for side in (exchange.answers, answers))
    return Finding(exchange.service, shown(exchange.request), left, right, verdict, why)


def coverage(findings: Iterable[Finding]) -> str:
    """One line: how many requests were compared, and how they compare."""
    counts = Counter(item.verdict for item in findings)
    told = ", ".join(
        f"{counts[verdict]} {verdict}" for verdict in ("equal", "tolerated", "different", "unknown")
    )
    return f"{counts.total()} requests: {told}"


def _not_known(answers: Sequence[bytes]) -> bool:
    return any(_UNKNOWN.search(answer[:200]) for answer in answers)


def _judge(request: bytes, one: bytes, other: bytes, tolerance: float) -> tuple[Verdict, str]:
    if one == other:
        return "equal", ""
    one, other = (with_serial(request, text, lambda _: b"SERIAL") for text in (one, other))
    (one, one_blocks), (other, other_blocks) = without_blocks(one), without_blocks(other)
    if one_blocks != other_blocks:
        sizes = " and ".join(
            "+".join(str(len(b)) for b in side) or "no" for side in (one_blocks, other_blocks)
        )
        return "different", f"blocks of {sizes} bytes differ"
    one, other = (_HTTP.sub(rb"\1 ", text) for text in (one, other))
    if one == other:
        return "tolerated", "only serial number or time differ"
    texts = one.decode("latin-1").strip(), other.decode("latin-1").strip()
    if _IDENTITY.search(request):
        return _identities(*texts)
    if _ERROR_QUERY.fullmatch(request):
        return _errors(*texts)
    return _values(*texts, tolerance)


def _identities(one: str, other: str) -> tuple[Verdict, str]:
    if one.split(",")[:2] != other.split(",")[:2]:
        return "different", "another maker or model"
    return "tolerated", "serial number and firmware are not compared"


def _errors(one: str, other: str) -> tuple[Verdict, str]:
    codes = [int(found[1]) if (found := _ERROR.match(text)) else text for text in (one, other)]
    if codes[0] != codes[1]:
        return "different", f"error {codes[0]}, {codes[1]} there"
    return "tolerated", "the same error in other words"


def _values(one: str, other: str, tolerance: float) -> tuple[Verdict, str]:
    (one_status, one), (other_status, other) = (_status(text) for text in (one, other))
    if one_status != other_status:
        return "different", f"status {one_status}, {other_status} there"
    if (trees := _json(one, other)) is not None:
        one, other = (" ".join(_leaves(tree)) for tree in trees)
    fields = [_FIELD.findall(_TIME.sub("TIME", text)) for text in (one, other)]
    if len(fields[0]) != len(fields[1]):
        return "different", f"{len(fields[0])} fields, {len(fields[1])} there"
    wrong = [pair for pair in zip(*fields, strict=True) if not _same(pair[0], pair[1], tolerance)]
    if wrong:
        return "different", f"{wrong[0][0]!r}, {wrong[0][1]!r} there"
    return "tolerated", "the same values, within the tolerance or written differently"


def _status(text: str) -> tuple[str, str]:
    """The status of an answer over HTTP, and its body; other answers have none."""
    found = _STATUS.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _same(one: str, other: str, tolerance: float) -> bool:
    if one == other:
        return True
    try:
        return isclose(float(one), float(other), rel_tol=tolerance, abs_tol=1e-15)
    except ValueError:
        return False


def _json(one: str, other: str) -> tuple[object, object] | None:
    if not (one[:1] in "{[" and other[:1] in "{["):
        return None
    try:
        return json.loads(one), json.loads(other)
    except ValueError:
        return None


def _leaves(tree: object, path: str = "$") -> list[str]:
    if isinstance(tree, dict):
        items = sorted(cast("dict[str, object]", tree).items())
        timeless = ((key, value) for key, value in items if not _CLOCKS.search(key))
        return [leaf for key, value in timeless for leaf in _leaves(value, f"{path}.{key}")]
    if isinstance(tree, list):
        return [
            leaf
            for n, value in enumerate(cast("list[object]", tree))
            for leaf in _leaves(value, f"{path}.{n}")
        ]
    return [f"{path.replace(' ', '_')} {json.dumps(tree)}"]

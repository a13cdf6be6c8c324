# SPDX-License-Identifier: Apache-2.0
"""Kinds of faults and their options, as a bench file and ``heraldlink sim fault`` take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from heraldlink_sim.errors import FaultError

Kind = Literal[
    "refuse",
    "delay",
    "drop",
    "truncate",
    "garbage",
    "stale",
    "duplicate",
    "stuck",
    "wrong-idn",
    "ignore-write",
    "hang",
    "error-storm",
    "reset",
    "latch",
    "interlock",
    "unlock",
]


@dataclass(frozen=True, slots=True)
class KindOf:
    """What a kind does, and the options it takes beside ``from_s`` and ``until_s``."""

    what: str
    options: frozenset[str] = frozenset()


_COMMANDS = frozenset({"match", "count", "probability", "seed"})

KINDS: dict[Kind, KindOf] = {
    "refuse": KindOf("drops all connections and hangs up on new ones"),
    "delay": KindOf("answers late, in seconds of the wall clock", _COMMANDS | {"delay_s", "jitter_s"}),
    "drop": KindOf("closes the connection, at once or behind the answer's first bytes",
                   _COMMANDS | {"after_bytes"}),
    "truncate": KindOf("sends only the answer's first bytes, then nothing, or closes the connection",
                       _COMMANDS | {"after_bytes", "then"}),
    "garbage": KindOf("sends random bytes in place of an answer", _COMMANDS),
    "stale": KindOf("sends the answer before this one once more, in place of this one", _COMMANDS),
    "duplicate": KindOf("sends an answer twice", _COMMANDS),
    "stuck": KindOf("gives a query the same answer for ever", _COMMANDS | {"text"}),
    "wrong-idn": KindOf("names another serial number, or answers *IDN? with a text", _COMMANDS | {"text"}),
    "ignore-write": KindOf("takes settings, acknowledges them, and does nothing", _COMMANDS),
    "hang": KindOf("does not answer until the fault is healed; a device clear still works", _COMMANDS),
    "error-storm": KindOf("fills the error queue until it overflows (-350)", _COMMANDS),
    "reset": KindOf("loses its power for a moment: connections break, settings are lost", _COMMANDS),
    "latch": KindOf("detectors latch: no counts until they are unlatched"),
    "interlock": KindOf("the laser's interlock opens"),
    "unlock": KindOf("the external reference is lost"),
}  # fmt: skip

STATES: frozenset[Kind] = frozenset({"refuse", "latch", "interlock", "unlock"})
"""Kinds that hold from their beginning to their end, whatever is asked."""

EVENTS: frozenset[Kind] = frozenset({"error-storm", "reset"})
"""Kinds that happen: once at their beginning, or with ``match`` at every command that it fits."""


class FaultConfig(BaseModel):
    """One fault. Which of the options a kind takes is told by :data:`KINDS`.

    ``match``: pattern (``*``, ``?``, ``[...]``) of the messages it strikes, in any case; also tried on each
    command of a compound message. ``count``: how often it strikes, without it until it is healed.
    ``probability``: of striking at each message that fits, drawn with ``seed``. ``from_s``, ``until_s``:
    bench time. ``delay_s``, ``jitter_s``: wall clock, the jitter uniform within plus or minus.
    ``after_bytes``: how much of an answer is sent. ``then``: what follows a truncated answer. ``text``: the
    answer in place of the right one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    match: str | None = None
    count: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: Annotated[int, Field(ge=0)] = 0
    from_s: Annotated[float, Field(ge=0)] = 0.0
    until_s: Annotated[float, Field(gt=0)] | None = None
    delay_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    jitter_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    after_bytes: Annotated[int, Field(ge=0)] | None = None
    then: Literal["silent", "closed"] = "silent"
    text: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> FaultConfig:
        allowed = KINDS[self.kind].options | {"kind", "from_s", "until_s", "instrument"}
        if foreign := sorted(self.model_fields_set - allowed):
            raise ValueError(f"a fault of kind {self.kind} takes no {foreign[0]}")
        if self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError("until_s must come after from_s")
        if self.kind == "delay" and not self.delay_s + self.jitter_s:
            raise ValueError("a fault of kind delay needs delay_s")
        return self

    @property
    def settings(self) -> dict[str, object]:
        """The options that were given, by name."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"kind"})}


def fault_of(section: dict[str, object]) -> FaultConfig:
    """Read one fault. Raises FaultError: one sentence that names the key."""
    try:
        return FaultConfig.model_validate(section)
    except ValidationError as error:
        raise FaultError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in detail["loc"])
    if detail["loc"] == ("kind",):
        return f"there is no fault {detail['input']!r}; there are: {', '.join(get_args(Kind))}"
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message

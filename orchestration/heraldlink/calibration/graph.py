# SPDX-License-Identifier: Apache-2.0
"""Which calibrations are due: limits, expiry and dependencies, as a directed acyclic graph.

After Kelly et al., "Physical qubit calibration on a directed acyclic graph" (arXiv 1803.03226), with one
difference: there is no separate check, a value is in specification when it lies inside its limits, has not
expired, the files still declare what they did, and nothing that it needs was found changed since. Ages count
slot ticks: they are bench time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from heraldlink.calibration.declared import changed_since
from heraldlink.calibration.result import Result
from heraldlink.errors import ConfigurationError

MOVED_SIGMA = 4.0
"""A value has moved if it changed by more than so many standard deviations of the difference."""

CLOCK_s, CLOCK_RELATIVE = 60.0, 1e-3
"""How far time of day and slot count may disagree about an age, for people set clocks [assumed]."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Closed range of a value."""

    lowest: float = -inf
    highest: float = inf

    def hold(self, value: float) -> bool:
        """Whether a value is inside."""
        return self.lowest <= value <= self.highest

    def __str__(self) -> str:
        """For people."""
        if self.lowest == -inf and self.highest == inf:
            return "any"
        if self.lowest == -inf:
            return f"<= {self.highest:.4g}"
        return f">= {self.lowest:.4g}" if self.highest == inf else f"{self.lowest:.4g} .. {self.highest:.4g}"


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration: whose it is, what it needs, when it expires, and the limits of its values by name.

    ``steps``: by value, a change that matters to those who need it although it may be smaller than
    `MOVED_SIGMA` deviations are large; a smaller one never does (default 0: any significant change matters).
    ``declared``: what the files say now, by section (None: not compared).
    """

    name: str
    node: str
    needs: tuple[str, ...] = ()
    expires_s: float = 3600.0
    limits: Mapping[str, Limits] = field(default_factory=dict[str, Limits])
    steps: Mapping[str, float] = field(default_factory=dict[str, float])
    declared: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A calibration that has to run, and why; ``blocked``: it cannot, because of ``reason``."""

    name: str
    reason: str
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """Bench time: the slot tick count, and ticks per second.

    ``clock``: time of day, seconds since 1970, where bench time runs with it (None: it does not).
    """

    slot: int
    tick_rate_Hz: float
    clock: float | None = None

    def age_s(self, slot: int) -> float:
        """Bench time since a slot; negative if the count began anew."""
        return (self.slot - slot) / self.tick_rate_Hz

    def began_anew(self, result: Result) -> bool:
        """Whether the slot count was reset after a result, even if it has grown past it since."""
        age_s = self.age_s(result.slot)
        if self.clock is None or not result.at or age_s < 0:
            return age_s < 0
        elapsed_s = self.clock - datetime.fromisoformat(result.at).timestamp()
        return abs(elapsed_s - age_s) > CLOCK_s + CLOCK_RELATIVE * age_s


class Graph:
    """Calibrations in the order in which they can run. Raises ConfigurationError for a cycle or a gap."""

    def __init__(self, calibrations: Sequence[Calibration]) -> None:
        self._all = {item.name: item for item in calibrations}
        for item in calibrations:
            for need in item.needs:
                if need not in self._all:
                    raise ConfigurationError(f"calibration {item.name} needs {need}, which does not exist")
        self.order: tuple[str, ...] = tuple(self._sorted())

    def __getitem__(self, name: str) -> Calibration:
        """A calibration by name; raises ConfigurationError naming those that exist."""
        if name not in self._all:
            raise ConfigurationError(f"there is no calibration {name!r} (there are {', '.join(self.order)})")
        return self._all[name]

    def of_nodes(self, nodes: Collection[str]) -> tuple[str, ...]:
        """Calibrations of these nodes with all that they need, in order."""
        return self.closure([name for name in self.order if self._all[name].node in nodes])

    def closure(self, names: Collection[str]) -> tuple[str, ...]:
        """These and all that they need, in order."""
        wanted = {self[name].name for name in names}
        for name in reversed(self.order):
            if name in wanted:
                wanted |= set(self._all[name].needs)
        return tuple(name for name in self.order if name in wanted)

    def specification(self, name: str, results: Mapping[str, Result], now: Now) -> str:
        """Why a calibration is out of specification; empty if it is in."""
        result = results.get(name)
        if result is None:
            return "never measured"
        if result.outcome == "failed":
            return f"failed: {result.reason}"
        if changed := changed_since(result.declared, self._all[name].declared or {}):
            return changed
        age_s = now.age_s(result.slot)
        if now.began_anew(result):
            return "the slot count began anew: its age is not known"
        if age_s > self._all[name].expires_s:
            return f"expired: {age_s:.0f} s old, good for {self._all[name].expires_s:.0f} s"
        return self._outside(name, result) or self._overtaken(name, result, results)

    def due(
        self,
        results: Mapping[str, Result],
        now: Now,
        wanted: Collection[str] | None = None,
        force: Mapping[str, str] | None = None,
    ) -> list[Due]:
        """What has to run, in order; dependants of a failed calibration are blocked.

        ``results``: the last one of each calibration. ``force``: run these in any case, by name
        with the reason. A calibration that
        failed is due again; here its dependants are not blocked yet, since it may succeed.
        """
        found: list[Due] = []
        for name in self.order if wanted is None else self.closure(wanted):
            reason = (force or {}).get(name) or self.specification(name, results, now)
            if reason:
                found.append(Due(name, reason))
        return found

    def blocked(self, name: str, results: Mapping[str, Result], now: Now) -> str:
        """Why a calibration cannot run now: what it needs is out of specification; empty if it can."""
        for need in self._all[name].needs:
            reason = self.specification(need, results, now)
            if reason:
                return f"needs {need}, which is out of specification: {reason}"
        return ""

    def moved(self, before: Result | None, after: Result) -> bool:
        """Whether a new result differs from the one before by more than its uncertainty and step."""
        if before is None or before.outcome == "failed" or after.outcome == "failed":
            return True
        if set(before.values) != set(after.values):
            return True
        steps = self._all[after.calibration].steps
        return any(
            value.distance(before.values[name]) > MOVED_SIGMA
            and abs(value.value - before.values[name].value) > steps.get(name, 0.0)
            for name, value in after.values.items()
        )

    def _outside(self, name: str, result: Result) -> str:
        for key, limits in self._all[name].limits.items():
            if key not in result.values:
                return f"{key} was not measured"
            if not limits.hold(result.values[key].value):
                return f"out of limits: {key} is {result.values[key]}, allowed {limits}"
        return ""

    def _overtaken(self, name: str, result: Result, results: Mapping[str, Result]) -> str:
        for need in self._all[name].needs:
            found = results.get(need)
            if found is not None and found.moved_slot > result.slot:
                return f"{need} has changed since"
        return ""

    def _sorted(self) -> Iterator[str]:
        done: set[str] = set()
        left = dict(self._all)
        while left:
            ready = [name for name, item in left.items() if done.issuperset(item.needs)]
            if not ready:
                raise ConfigurationError(f"calibrations {', '.join(left)} need each other in a circle")
            for name in ready:
                done.add(name)
                del left[name]
                yield name

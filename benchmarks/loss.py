# SPDX-License-Identifier: Apache-2.0
"""Slots that a link counts while a tenth of its control messages is lost, against none lost, over sockets.

One laboratory at 1x pace, one long request after the other. Stretches of slots by turns without and with loss
(both ways between each end and the midpoint: what goes from end to end passes two losses); after each change
some slots are left out. Throughput is slots per tick of the bench, as the slots' numbers tell it: no clock
of this machine is read. Each pair of neighbouring stretches gives one ratio; printed are their mean (of the
logarithm) and its standard error. Met if the ratio less two standard errors is at least 0.9.

    python benchmarks/loss.py --stretches 40 --slots 12 --loss 0.1
"""

import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

from measure import Row, WrongAnswer, arguments, at_least, report, run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fault_lab import Laboratory, Rule

from heraldlink.errors import HeraldlinkError
from heraldlink.pairs import SlotReport

LEAST = 0.9
LEFT_OUT = 3
MOST_REQUESTS = 200
"""A request may end FAILED in between (a loaded machine misses a tick); that many and the run ends."""


@dataclass
class Line:
    """The link's relays, and what they lost."""

    lab: Laboratory
    share: float
    random: random.Random
    rules: list[Rule] = field(default_factory=list[Rule])

    def lose(self, wanted: bool) -> None:
        """Lose messages from now on, or none."""
        for relay in self.lab.link.values():
            relay.clear()
            if wanted:
                rule = Rule("drop", probability=self.share, seed=self.random.randrange(1 << 30))
                self.rules.append(relay.add(rule))

    @property
    def lost(self) -> int:
        """Messages lost so far."""
        return sum(len(rule.struck) for rule in self.rules)


def reports(lab: Laboratory, endings: Counter[str]) -> Iterator[SlotReport]:
    """Slot reports of one request after the other."""
    for _ in range(MOST_REQUESTS):
        try:
            with lab.client() as client:
                client.prepare()
                request = client.network["alice"].create(remote="bob", number=10**6, max_time=1e6, seed=1)
                for item in request.follow():
                    if isinstance(item, SlotReport):
                        yield item
                endings[request.result.state] += 1
        except HeraldlinkError as error:
            endings[type(error).__name__] += 1
    raise WrongAnswer(f"{MOST_REQUESTS} requests ended: {dict(endings)}")


def ticks_per_slot(slots: list[int]) -> float:
    """Of one stretch; a request that ended in between is no step backwards of the bench's count."""
    steps = [after - before for before, after in pairwise(slots)]
    if min(steps) < 1:
        raise WrongAnswer(f"slot numbers do not grow: {slots}")
    return sum(steps) / len(steps)


def measured(
    line: Line, stretches: int, slots: int, endings: Counter[str]
) -> tuple[list[float], list[float]]:
    """Ticks per slot of each stretch: (without loss, with loss)."""
    found: tuple[list[float], list[float]] = ([], [])
    source = reports(line.lab, endings)
    for number in range(2 * stretches):
        lossy = number % 4 in (1, 2)  # none, loss, loss, none: a drift of the machine falls on both
        line.lose(lossy)
        taken = [item.slot for item in islice(source, LEFT_OUT + slots + 1)]
        found[lossy].append(ticks_per_slot(taken[LEFT_OUT:]))
    line.lose(False)
    return found


def ratio_of(without: list[float], with_loss: list[float]) -> tuple[float, float]:
    """Throughput with loss by that without, and its standard error."""
    logs = [math.log(quiet / lossy) for quiet, lossy in zip(without, with_loss, strict=True)]
    mean = sum(logs) / len(logs)
    variance = sum((one - mean) ** 2 for one in logs) / max(1, len(logs) - 1)
    return math.exp(mean), math.exp(mean) * math.sqrt(variance / len(logs))


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--stretches", type=int, default=40, help="of each kind")
    parser.add_argument("--slots", type=int, default=12, help="in a stretch")
    parser.add_argument("--loss", type=float, default=0.1)
    parser.add_argument("--pace", default="1")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    endings = Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="heraldlink-loss-") as name,
        Laboratory(Path(name), pace=options.pace, seed=options.seed) as lab,
    ):
        line = Line(lab, options.loss, random.Random(options.seed))
        without, with_loss = measured(line, options.stretches, options.slots, endings)
        lost = line.lost
    if lost < options.stretches:
        raise WrongAnswer(f"only {lost} messages were lost")
    ratio, sigma = ratio_of(without, with_loss)
    rows = [
        Row("messages lost", lost, ""),
        Row("requests that ended in between", sum(endings.values()), ""),
        Row("ticks per slot, no loss", sum(without) / len(without), ""),
        Row(f"ticks per slot, {options.loss:.0%} lost", sum(with_loss) / len(with_loss), ""),
        Row("throughput with loss", ratio, f"of that without, +- {sigma:.3f}"),
        at_least("the same less two standard errors", ratio - 2 * sigma, "", LEAST),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)

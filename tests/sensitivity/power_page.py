# SPDX-License-Identifier: Apache-2.0
"""Figures of the long run as a page."""

from __future__ import annotations

from collections.abc import Sequence

from power_experiment import Seen

HEAD = """\
<!-- Written by `pytest tests/sensitivity/test_detection_power.py --long`: figures of a run. -->

# Detection power, as played

Every parameter that [a calibration sequence tells](identifiability.md) was shifted by 5 of its standard
errors. The simulated laboratory then played that sequence, from compiled waveform bytes to tags, and the
score test of the counted tags, with the calibrated devices as its hypothesis, raised an alarm at 1 % or it
did not. Found: how many of the plays. z: mean of the test, beside what the probabilities promise.

```sh
pytest tests/sensitivity/test_detection_power.py --long
```
"""


def page(shifted: Sequence[Seen], unshifted: Sequence[Seen], seed: int, verdict: Sequence[str]) -> str:
    """Both tables under the verdict."""
    found = [
        f"| `{one.path}` | {one.sequence} | {one.shifted:.6g} | {one.found} of {one.plays} |"
        f" {one.mean_z:.2f} | {one.expected_z:.2f} |"
        for one in shifted
    ]
    wrong: dict[str, list[Seen]] = {}
    for one in unshifted:
        wrong.setdefault(one.sequence, []).append(one)
    alarms = [
        f"| {name} | {len(several)} | {several[0].plays} | {sum(one.found for one in several)} |"
        f" {sum(one.plays for one in several) / 100:.1f} |"
        for name, several in wrong.items()
    ]
    parts = [HEAD, f"Seed {seed}.", *verdict, "## Shifted by 5 sigma"]
    parts += ["\n".join(["| parameter | sequence | shifted to | found | z | promised |", SIX, *found])]
    parts += ["## As calibrated: false alarms at 1 %"]
    parts += ["\n".join(["| sequence | parameters tested | plays | alarms | expected |", FIVE, *alarms])]
    return "\n\n".join(parts) + "\n"


FIVE, SIX = ("|" + " --- |" * columns for columns in (5, 6))

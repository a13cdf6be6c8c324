# SPDX-License-Identifier: Apache-2.0
"""HOM dip, autocorrelations, cross-correlation and pump sweep: what was counted, what the models expect."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from compiled_slots import ENDS, LASER_Hz, Played, laboratory, modelled, noisy, play, rack_of
from conditioned import Real, binomial, correlated, ranked, shared
from exact_statistics import randomised, sum_pmf
from laboratory import changed

from heraldlink.analysis.attempts import Clicks, Patterns, answers, clicks_in, patterns
from heraldlink.analysis.correlations import (
    ClickAndExcitation,
    cross_correlation,
    heralded_autocorrelation,
    pulsed_autocorrelation,
)
from heraldlink.analysis.dip import photon_coincidences
from heraldlink.calibration.interference import hom_visibility
from heraldlink.calibration.measured import Measured
from heraldlink.config import load_experiment
from heraldlink.heralding.readouts import ReadoutWindow
from heraldlink.sequences import SlotPlan
from heraldlink.sequences.experiments import plan_of
from heraldlink_physics import readout
from heraldlink_physics.chain import LinkModel
from heraldlink_physics.device import ArmDevice, Devices
from heraldlink_sim.world import rack as words

DARK = "pump_sweep_0"
DRAWS = 59
"""Of an estimate, from the model."""


def shipped(kind: str) -> SlotPlan:
    """A shipped sequence."""
    return plan_of(load_experiment(f"sequences/{kind}.yaml"), ENDS)


def cells_of(model: LinkModel) -> Real:
    """Probabilities of no click, c alone, d alone, both."""
    found = [model.model.patterns[key].probability for key in ("c", "d", "both")]
    return np.array([1 - sum(found), *found])


def joint_of(model: LinkModel, node: int, confusion: Real) -> Real:
    """Click pattern and answer of one node's qubit, float[4, 2]."""
    found = np.zeros((4, 2))
    for causes, state in model.model.clicks.items():
        pattern = (causes[0] != "none") + 2 * (causes[1] != "none")
        found[pattern] += np.diag(state).real.reshape(2, 2).sum(axis=1 - node)
    return found @ confusion


def confusion_of(device: ArmDevice, gate_s: float = 2e-6) -> Real:
    """Of the nominal rack's readout."""
    means = readout.mean_counts(
        device,
        pump_frequency_Hz=LASER_Hz - 1e10,
        pump_power_W=20e-6 * device.splitter * device.insertion,
        gate_s=gate_s,
        bias_A=18e-6,
    )
    qubit = device.qubit
    return readout.confusion(*means, 1, gate_over_t1=gate_s / qubit.t1_s, thermal=qubit.thermal_population)


def swapped(cells: Real) -> Real:
    """The same with detectors c and d taken for each other."""
    return cells[[0, 2, 1, 3]]


def drawn_clicks(attempts: int, cells: Real, rng: np.random.Generator) -> Clicks:
    """Clicks of independent attempts."""
    _, c, d, both = rng.multinomial(attempts, cells).tolist()
    return Clicks(attempts, c + both, d + both, both)


class Hom:
    """Coincidences by shift; a slot of light and one without to a sample."""

    ATTENUATION_dB = 21.5
    SHIFTS_PS = (-288_000, -96_000, 0, 96_000, 288_000)
    FAR, LEFT, CENTRE, RIGHT = ("hom_0", "hom_4"), "hom_1", "hom_2", "hom_3"

    def __init__(self) -> None:
        settings = load_experiment("sequences/hom.yaml")
        self.plan = plan_of(replace(settings, shifts_ps=self.SHIFTS_PS, attempts=3600), ENDS)
        self.devices = noisy()

    def samples(self, seed: int, count: int) -> list[tuple[dict[str, Clicks], Clicks]]:
        """Clicks of each part, and of all parts without light."""
        world, lit = laboratory(self.devices, seed), rack_of(self.plan, self.ATTENUATION_dB)
        closed = tuple(words.AttenuatorChannel(0.0, False) for _ in range(4))
        dark = changed(lit, "attenuators", "hub_voa", channels=closed)
        slots = range(1, 2 * count, 2)
        return [self.sample_of(play(world, lit, slot), play(world, dark, slot + 1)) for slot in slots]

    def sample_of(self, lit: Played, dark: Played) -> tuple[dict[str, Clicks], Clicks]:
        """Clicks from tags."""
        return self._clicks(lit.hub), sum(self._clicks(dark.hub).values(), Clicks(0, 0, 0, 0))

    def _clicks(self, hub) -> dict[str, Clicks]:
        return {part.name: clicks_in(hub, self.plan, part.name) for part in self.plan.parts}

    def expected(self, model: Devices) -> dict[str, Real]:
        """Cells by part, and without light."""
        found = {
            part.name: cells_of(modelled(model, self.plan, part.name, self.ATTENUATION_dB))
            for part in self.plan.parts
        }
        gate_s = (self.plan.gate_ps[1] - self.plan.gate_ps[0]) * 1e-12
        links = modelled(model, self.plan, self.CENTRE, 200.0)
        c, d = (-np.expm1(-rate_Hz * gate_s) for rate_Hz in links.dark_rates_Hz)
        return found | {"dark": np.array([(1 - c) * (1 - d), c * (1 - d), (1 - c) * d, c * d])}

    def p_values(self, sample, cells: Mapping[str, Real], rng: np.random.Generator) -> dict[str, float]:
        """Rate, depth and centre of the dip, and the visibility as it is analysed."""
        clicks, _ = sample
        far, centre, left, right = (
            self._far(clicks),
            *(clicks[n] for n in (self.CENTRE, self.LEFT, self.RIGHT)),
        )
        here, there = (cells[name][3] for name in (self.CENTRE, self.FAR[0]))
        sides = np.array([[cells[self.RIGHT][3], cells[self.LEFT][3]]])
        u, trials = rng.random(4), centre.attempts
        depth = np.array([[here, there]])
        return {
            "HOM coincidences": binomial(far.both, far.attempts, there, u[0]),
            "HOM dip": shared([(centre.both, far.both)], (trials, far.attempts), depth, u[1]),
            "HOM centre": shared([(right.both, left.both)], (trials, trials), sides, u[2]),
            "HOM visibility": self._visibility(sample, cells, rng, u[3]),
        }

    def _far(self, clicks: Mapping[str, Clicks]) -> Clicks:
        return clicks[self.FAR[0]] + clicks[self.FAR[1]]

    def _visibility(self, sample, cells: Mapping[str, Real], rng: np.random.Generator, u: float) -> float:
        clicks, dark = sample
        seen = (clicks[self.CENTRE], self._far(clicks), dark)
        chances = [cells[name] for name in (self.CENTRE, self.FAR[0], "dark")]
        drawn = [
            visibility(*(drawn_clicks(item.attempts, c, rng) for item, c in zip(seen, chances, strict=True)))
            for _ in range(DRAWS)
        ]
        return ranked(visibility(*seen), np.array(drawn), u)


def visibility(centre: Clicks, far: Clicks, dark: Clicks) -> float:
    """V as the package analyses it."""
    return hom_visibility(photon_coincidences(centre, dark), photon_coincidences(far, dark)).value


class G2:
    """One node's light and qubit: 18,000 attempts a sample."""

    ATTENUATION_dB = 24.0

    def __init__(self) -> None:
        self.plan, self.devices = shipped("g2"), noisy()

    def samples(self, seed: int, count: int) -> list[tuple[Patterns, np.ndarray]]:
        """Click pattern and answer of each attempt."""
        world, rack = laboratory(self.devices, seed), rack_of(self.plan, self.ATTENUATION_dB)
        return [self.sample_of(play(world, rack, slot)) for slot in range(1, count + 1)]

    def sample_of(self, tags: Played) -> tuple[Patterns, np.ndarray]:
        """Attempts from tags."""
        found = patterns(tags.hub, self.plan.gate_ps, self.plan.indices("g2"))
        return found, answers(tags.ends["alice"], self.plan, "g2", ReadoutWindow(2_000_000))[:, 0]

    def expected(self, model: Devices) -> Real:
        """Click pattern and answer, float[4, 2]."""
        found = modelled(model, self.plan, "g2", self.ATTENUATION_dB)
        return joint_of(found, 0, confusion_of(model.arms[0]))

    def p_values(self, sample, joint: Real, rng: np.random.Generator) -> dict[str, float]:
        """Rates, correlations given the rates, and the estimates as they are analysed."""
        found, excited = sample
        counts = np.bincount(2 * found + excited, minlength=8).reshape(4, 2)
        n, u = found.size, rng.random(9)
        c, d, both = (int(counts[[1, 3]].sum()), int(counts[[2, 3]].sum()), int(counts[3].sum()))
        alone = counts.sum(axis=1)
        share = joint.sum(axis=1)
        e, clicked = int(excited.sum()), int((found > 0).sum())
        heralded = counts[:, 1]
        given = joint[:, 1] / joint[:, 1].sum()
        click_e = np.array([joint[0], joint[1:].sum(axis=0)])
        return {
            "g2 clicks": binomial(clicked, n, 1 - share[0], u[0]),
            "g2 ports": binomial(
                int(alone[1]), int(alone[1] + alone[2]), share[1] / (share[1] + share[2]), u[1]
            ),
            "g2 excitations": binomial(e, n, joint[:, 1].sum(), u[2]),
            "g2 unheralded": correlated(both, c, d, n, share.reshape(2, 2), u[3]),
            "g2 heralded": correlated(
                int(heralded[3]),
                int(heralded[[1, 3]].sum()),
                int(heralded[[2, 3]].sum()),
                e,
                given.reshape(2, 2),
                u[4],
            ),
            "g2 of click and qubit": correlated(int(counts[1:, 1].sum()), clicked, e, n, click_e, u[5]),
            **self._estimates(sample, joint, rng, u[6:]),
        }

    def _estimates(self, sample, joint: Real, rng: np.random.Generator, u: Real) -> dict[str, float]:
        edges, error_g = np.cumsum(joint.ravel())[:-1], float(confusion_of(self.devices.arms[0])[0, 1])
        seen, drawn = estimates(*sample, error_g), []
        for _ in range(DRAWS // 3):
            cell = np.searchsorted(edges, rng.random(sample[0].size))
            drawn.append(estimates(cell // 2, cell % 2 == 1, error_g))
        names = ("g2 on side peaks", "heralded g2 as analysed", "cross-correlation as analysed")
        return {
            name: ranked(value, column, float(draw))
            for name, value, column, draw in zip(names, seen, np.array(drawn).T, u.tolist(), strict=True)
        }


def estimates(found: Patterns, excited: np.ndarray, error_g: float) -> tuple[float, float, float]:
    """Correlations as the package analyses them."""
    together = ClickAndExcitation(
        found.size, int((found > 0).sum()), int(excited.sum()), int((excited & (found > 0)).sum())
    )
    return (
        pulsed_autocorrelation(found, range(100, 104)).value,
        heralded_autocorrelation(found, excited).value,
        cross_correlation(together, Measured(error_g, 0.0)).value,
    )


class PumpSweep:
    """Clicks against the peak of node A's pump pulse."""

    ATTENUATION_dB = 22.0
    PAIRS = (
        ("pump_sweep_2", "pump_sweep_6"),
        ("pump_sweep_3", "pump_sweep_7"),
        ("pump_sweep_4", "pump_sweep_8"),
    )

    def __init__(self) -> None:
        self.plan, self.devices = shipped("pump_sweep"), noisy()

    def samples(self, seed: int, count: int) -> list[dict[str, Clicks]]:
        """Clicks by part."""
        world, rack = laboratory(self.devices, seed), rack_of(self.plan, self.ATTENUATION_dB)
        return [self.sample_of(play(world, rack, slot)) for slot in range(1, count + 1)]

    def sample_of(self, tags: Played) -> dict[str, Clicks]:
        """Clicks from tags."""
        return {part.name: clicks_in(tags.hub, self.plan, part.name) for part in self.plan.parts}

    def expected(self, model: Devices) -> dict[str, float]:
        """Probability of any click by part."""
        return {
            part.name: 1 - cells_of(modelled(model, self.plan, part.name, self.ATTENUATION_dB))[0]
            for part in self.plan.parts
        }

    def p_values(self, sample, chances: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
        """Light, darkness, and how clicks grow."""
        pairs = [tuple(sample[name].any for name in pair) for pair in self.PAIRS]
        each = sample["pump_sweep_0"].attempts
        u = rng.random(3)
        curve = np.array([[chances[name] for name in pair] for pair in self.PAIRS])
        bright = [f"pump_sweep_{k}" for k in range(4, 9)]
        light = sum_pmf([(each, chances[name]) for name in bright])
        return {
            "pump sweep light": randomised(sum(sample[name].any for name in bright), light, u[0]),
            "pump sweep darkness": binomial(sample[DARK].any, each, chances[DARK], u[1]),
            "pump sweep curve": shared(pairs, (each, each), curve, u[2]),
        }

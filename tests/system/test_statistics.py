# SPDX-License-Identifier: Apache-2.0
"""Rate and fidelity of the whole stack against the model, as statistics: a hundred runs on one shared bench.

Every run is a request to the node processes; the prediction comes from read-backs over the instruments' own
sockets. p-values are exact and randomised; their uniformity is tested by Kolmogorov-Smirnov with Holm's
correction. The same test must reject five models that are wrong in one respect each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from exact_statistics import SIGNIFICANCE, binomial_pmf, holm, kolmogorov_smirnov, randomised, sum_pmf
from forecast import PHASE_AGE_s, ReadBack, read_back, same_probability, with_efficiency
from ruamel.yaml import YAML
from scipy import stats
from two_node_lab import Laboratory, bench_file, device_file

from heraldlink.client import Network
from heraldlink.pairs import Pair, Result
from heraldlink_physics.chain import LinkModel
from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.model import Midpoint
from heraldlink_physics.pair_source import pair_clicks, pair_source

pytestmark = pytest.mark.timeout(1200)

SETTINGS = 5
RUNS = 100
HERALDS = 2000
GAPS = 1500
FIRST_ATTEMPT = 1200
"""Reference indices before it are bright pulses and calibration shots."""
NOISY = {
    "midpoint.fast_phase_sigma_rad": 0.35,
    "midpoint.mode_match": 0.9,
    "arms.alice.heating.n_0": 0.06,
}
"""Large enough that a model which gets them wrong is found out; a YAML alias serves both arms."""


@dataclass(frozen=True)
class Run:
    """One request: what was counted, and the rack as it was read back."""

    result: Result
    read_back: ReadBack
    attempts: int
    """Of each slot, those that were surely played."""
    draws: np.ndarray
    """Uniform numbers that randomise its p-values."""


@dataclass(frozen=True)
class Expected:
    """Probabilities of a run under one model."""

    c: float
    d: float
    same: dict[tuple[str, str], float]
    """By Bell state and basis."""


Model = Callable[[Run, Devices], Expected]


@pytest.fixture(scope="module")
def model_devices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Devices, Path]:
    """Devices noisier than the demo's, for the bench and for the model alike."""
    path = device_file(tmp_path_factory.mktemp("devices"), "improved", NOISY)
    return from_mapping(YAML(typ="safe").load(path.read_text())), path


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, model_devices: tuple[Devices, Path], seed: int
) -> list[Run]:
    """A hundred runs at five random settings on one bench."""
    devices, path = model_devices
    folder = tmp_path_factory.mktemp("statistics")
    bench = bench_file(folder, "two_nodes", devices=path)
    random = np.random.default_rng(seed)
    done: list[Run] = []
    with Laboratory(folder, "--seed", str(seed), "--pace", "fast", bench=str(bench), nodes=False) as lab:
        for place in range(SETTINGS):
            net = lab.start_nodes(random_settings(random, path))
            net.prepare()
            seeds = range(seed + RUNS * place, seed + RUNS * place + RUNS // SETTINGS)
            counted = [request(net, number) for number in seeds]
            rack = read_back(lab.addresses, devices)  # every request of a setting leaves it like this
            done += [Run(result, rack, attempts, random.random(5)) for result, attempts in counted]
            net.park()
    return done


def random_settings(random: np.random.Generator, devices: Path) -> dict[str, dict[str, object]]:
    """Pump attenuations, detector bias, herald gate and the second generator's delay, all drawn afresh.

    The skew is a whole number of periods of the 5 GHz qubit, so that it delays light but turns no axis.
    """
    begin_ps = int(random.integers(20_000, 120_000))
    end_ps = int(random.integers(260_000, 380_000))
    skew_s = int(random.integers(-60, 61)) * 200e-12
    attenuator = "operating_point.attenuator"
    return {
        "midpoint": {
            "devices": str(devices),
            f"{attenuator}.alice.pump_attenuation_dB": round(float(random.uniform(22, 25)), 2),
            f"{attenuator}.bob.pump_attenuation_dB": round(float(random.uniform(22, 25)), 2),
            "operating_point.detectors.bias_A": [round(float(random.uniform(13e-6, 21e-6)), 8) for _ in "cd"],
            "operating_point.gate": {"begin_ps": begin_ps, "end_ps": end_ps},
        },
        "alice": {"devices": str(devices)},
        "bob": {"devices": str(devices), "operating_point.slot_trigger.delay_s": 1e-6 + skew_s},
    }


def request(net: Network, seed: int) -> tuple[Result, int]:
    """One request, and the attempts of each slot that were surely played.

    Of its slots a number is taken that was fixed beforehand, so that when it stops means nothing.
    """
    request = net["alice"].create(remote="bob", number=round(1.25 * HERALDS), max_time=10**4, seed=seed)
    attempts = int(request.attempts_per_slot * (1 - 2 * request.prediction.probability))
    slots = int(np.ceil(1.05 * HERALDS / (request.prediction.probability * attempts)))
    played = [slot for slot in request.result.slots if not slot.estimate][:slots]
    assert len(played) == slots
    assert all(slot.counts.attempts >= attempts and not slot.deviations for slot in played)
    numbers = {slot.slot for slot in played}
    heralds = tuple(pair for pair in request.result.heralds if pair.slot in numbers)
    assert len(heralds) >= HERALDS
    return replace(request.result, slots=tuple(played), heralds=heralds), attempts


def link_of(run: Run, devices: Devices) -> LinkModel:
    """The link model with the variance of the phase estimates that steered the run."""
    estimates = [slot.phase.variance_rad2 for slot in run.result.slots if slot.phase]
    drift = devices.midpoint.phase_diffusion_rad2_per_s * PHASE_AGE_s
    return run.read_back.link(devices, float(np.mean(estimates)) + drift)


def expect(run: Run, link: LinkModel, midpoint: Midpoint | None = None) -> Expected:
    """Probabilities from a link, with the midpoint's parameters changed where given."""
    model = pair_source(*link.arms, midpoint or link.midpoint)
    same = {
        (bell, basis): same_probability(model.patterns[port].state, basis, run.read_back.confusions)
        for bell, port in (("psi+", "c"), ("psi-", "d"))
        for basis in ("XX", "YY", "ZZ")
    }
    return Expected(model.patterns["c"].probability, model.patterns["d"].probability, same)


def right(run: Run, devices: Devices) -> Expected:
    """The model."""
    return expect(run, link_of(run, devices))


def more_efficient(run: Run, devices: Devices) -> Expected:
    """Wrong: arms 5 % more efficient."""
    return expect(run, link_of(run, with_efficiency(devices, 1.05)))


def visibility_for_its_root(run: Run, devices: Devices) -> Expected:
    """Wrong: the coherence carries V in place of its square root."""
    link = link_of(run, devices)
    return expect(run, link, replace(link.midpoint, visibility=link.midpoint.visibility**2))


def noisier_phase(run: Run, devices: Devices) -> Expected:
    """Wrong: sigma times the square root of two."""
    link = link_of(run, devices)
    return expect(
        run, link, replace(link.midpoint, phase_sigma_rad=link.midpoint.phase_sigma_rad * np.sqrt(2))
    )


def swapped_detectors(run: Run, devices: Devices) -> Expected:
    """Wrong: port c for port d."""
    expected = right(run, devices)
    swapped = {("psi-" if bell == "psi+" else "psi+", basis): p for (bell, basis), p in expected.same.items()}
    return Expected(expected.d, expected.c, swapped)


def unmapped(run: Run, devices: Devices) -> Expected:
    """Wrong: two and more microwave photons do not load the qubit at all, but are left out."""
    link, expected = link_of(run, devices), right(run, devices)
    clicks = pair_clicks(*link.arms, link.midpoint).with_darks(link.midpoint.dark_probability)
    same: dict[tuple[str, str], float] = {}
    for bell, sign, causes in (
        ("psi+", 1, (("photon", "none"), ("dark", "none"))),
        ("psi-", -1, (("none", "photon"), ("none", "dark"))),
    ):
        parts = [clicks[cause] for cause in causes]
        total = parts[0].plus(parts[1])
        state = np.diag([total.gg, total.fock_01, total.fock_10, total.fock_11]).astype(complex)
        left = link.midpoint.coherence * np.prod([1 - 2 * arm.dephasing for arm in link.arms])
        state[1, 2] = state[2, 1] = sign * abs(total.coherence * left)
        for basis in ("XX", "YY", "ZZ"):
            same[bell, basis] = same_probability(state, basis, run.read_back.confusions)
    return Expected(expected.c, expected.d, same)


WRONG: dict[str, Model] = {
    "efficiency + 5 %": more_efficient,
    "V for sqrt(V)": visibility_for_its_root,
    "sigma * sqrt(2)": noisier_phase,
    "detectors swapped": swapped_detectors,
    "n >= 2 unmapped": unmapped,
}


def p_values(run: Run, expected: Expected) -> dict[str, float]:
    """Randomised p-values of the run's six statistics."""
    counted = [pair for pair in run.result.heralds if pair.attempt < FIRST_ATTEMPT + run.attempts]
    plus = sum(pair.bell_state == "psi+" for pair in counted)
    total = expected.c + expected.d
    trials = run.attempts * len(run.result.slots)
    checks = {
        "rate": (len(counted), binomial_pmf(trials, total)),
        "balance": (plus, binomial_pmf(len(counted), expected.c / total)),
        "coherence": good(run.result.heralds, expected, ("XX", "YY")),
        "populations": good(run.result.heralds, expected, ("ZZ",)),
        "fidelity": good(run.result.heralds, expected, ("XX", "YY", "ZZ")),
    }
    pairs = zip(checks.items(), run.draws, strict=True)
    values = {name: randomised(count, pmf, float(draw)) for (name, (count, pmf)), draw in pairs}
    return values | {"waiting times": waiting(run, counted, total)}


def waiting(run: Run, counted: Sequence[Pair], probability: float) -> float:
    """p-value of the attempts from herald to herald, slot after slot, being geometric.

    A number of gaps that was fixed beforehand, so that long ones are not cut off at the end.
    """
    place = {slot.slot: number for number, slot in enumerate(run.result.slots)}
    when = sorted(place[pair.slot] * run.attempts + pair.attempt - FIRST_ATTEMPT for pair in counted)
    gaps = np.diff(np.array(when), prepend=-1)[:GAPS]
    assert len(gaps) == GAPS
    draws = np.random.default_rng(int(run.draws[0] * 2**32)).random(GAPS)
    return kolmogorov_smirnov(
        stats.geom.cdf(gaps - 1, probability) + draws * stats.geom.pmf(gaps, probability)
    )


def good(heralds: Sequence[Pair], expected: Expected, bases: tuple[str, ...]) -> tuple[int, np.ndarray]:
    """Outcomes as the heralded Bell state has them, and the distribution of their number."""
    count, parts = 0, []
    for bell in ("psi+", "psi-"):
        for basis in bases:
            here = [p for p in heralds if (p.bell_state, p.basis) == (bell, basis) and all(p.outcomes)]
            equal = basis != "ZZ" and bell == "psi+"
            count += sum((p.outcomes[0] == p.outcomes[1]) == equal for p in here)
            same = expected.same[bell, basis]
            parts.append((len(here), same if equal else 1 - same))
    return count, sum_pmf(parts)


def verdict(runs: Sequence[Run], devices: Devices, model: Model) -> dict[str, float]:
    """Statistics that a model fails, with their Kolmogorov-Smirnov p-values."""
    table = [p_values(run, model(run, devices)) for run in runs]
    uniform = {name: kolmogorov_smirnov([row[name] for row in table]) for name in table[0]}
    print({name: f"{p:.2g}" for name, p in uniform.items()})
    return holm(uniform, SIGNIFICANCE)


def test_rate_and_fidelity_agree_with_the_model(runs: list[Run], model_devices: tuple[Devices, Path]) -> None:
    assert len(runs) == RUNS
    assert verdict(runs, model_devices[0], right) == {}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_rejected(name: str, runs: list[Run], model_devices: tuple[Devices, Path]) -> None:
    assert verdict(runs, model_devices[0], WRONG[name]) != {}


@pytest.fixture(scope="module")
def seed(pytestconfig: pytest.Config) -> int:
    """Seed of bench, settings and p-values."""
    value = int(pytestconfig.getoption("--seed"))
    print(f"seed {value}")
    return value

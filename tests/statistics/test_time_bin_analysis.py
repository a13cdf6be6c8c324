# SPDX-License-Identifier: Apache-2.0
"""The time-bin analysis: on exact probabilities the closed form, on few heralds within its stated errors."""

from dataclasses import replace

import numpy as np
import pytest
from compiled_slots import modelled, noisy
from exact_statistics import holm
from pair_samples import Rounds, TimeBin, clean
from scipy.stats import chi2

from heraldlink.analysis.time_bin import estimates, herald_table, time_bin_fidelity
from heraldlink.errors import RunFailed
from heraldlink_physics.analysis import ReadoutErrors
from heraldlink_physics.chain import LinkModel
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.two_rounds import time_bin

DRAWS = 300
CONFUSIONS = (np.array([[0.97, 0.03], [0.06, 0.94]]), np.array([[0.9, 0.1], [0.02, 0.98]]))


def rounds_of(link: LinkModel, fast_rad: float, late_rad: float) -> Rounds:
    """Two equal rounds, read with errors."""
    sharp = pair_source(*link.arms, replace(link.midpoint, phase_sigma_rad=0.0))
    station = replace(noisy().midpoint, fast_phase_sigma_rad=fast_rad, round_phase_sigma_rad=late_rad)
    return Rounds(sharp, sharp, station, CONFUSIONS)


@pytest.fixture(scope="module")
def link() -> LinkModel:
    """A round of the shipped sequence at unequal arms."""
    kind = TimeBin()
    a, b = (clean(arm) for arm in noisy(mode_match=0.8).arms)
    devices = replace(noisy(mode_match=0.8), arms=(a, replace(b, path_efficiency=0.6)))
    return modelled(devices, kind.plan, "time_bin_0", kind.ATTENUATION_dB, kind.windows[0])


@pytest.mark.parametrize("phase_rad", [0.0, 0.4, 2.1])
def test_exact_probabilities_give_the_closed_form_at_any_phase_of_the_fibres(
    link: LinkModel, phase_rad: float
) -> None:
    rounds = rounds_of(link, 0.5, 0.3)
    memories = [replace(arm, dephasing=2 * arm.dephasing * (1 - arm.dephasing)) for arm in link.arms]
    midpoint = replace(link.midpoint, phase_sigma_rad=0.3)
    exact = time_bin(*memories, midpoint)
    z, *x = rounds.tables(phase_rad)
    expected = [
        exact.fidelity_measured,
        exact.post_selection_probability_measured,
        exact.post_selected_fidelity_measured,
    ]
    np.testing.assert_allclose(estimates(z, x, rounds.rates), expected, atol=1e-9)
    assert z.sum() == pytest.approx(exact.probability, rel=1e-9)
    without_mixed_bases = estimates(z, [x[0], x[1], x[0], x[1]], rounds.rates)
    assert abs(without_mixed_bases[0] - expected[0]) > 1e-3


def test_errors_are_those_of_repeated_measurements(link: LinkModel, seed: int) -> None:
    """Counts and calibration shots are drawn anew; the spread of the estimates is the stated error."""
    rng, shots = np.random.default_rng(seed), 400
    rounds = rounds_of(link, 0.2, 0.2)
    tables = [table / table.sum() for table in rounds.tables(0.7)]
    truth = estimates(tables[0], tables[1:], rounds.rates)
    pulls = []
    for _ in range(DRAWS):
        z, *x = (rng.multinomial(3000, table.ravel()).reshape(2, 16) for table in tables)
        wrong = [rng.binomial(shots, rate) for rate in rounds.rates]
        a, b = (ReadoutErrors(shots, wrong[k], shots, wrong[k + 1]) for k in (0, 2))
        found = time_bin_fidelity(z, x, a, b)
        each = (found.raw, found.kept, found.post_selected)
        pulls.append([(item.value - true) / item.sigma for item, true in zip(each, truth, strict=True)])
    squares = np.sum(np.square(pulls), axis=0)
    p_values = 2 * np.minimum(chi2.cdf(squares, DRAWS), chi2.sf(squares, DRAWS))
    assert holm(dict(zip(("raw", "kept", "post-selected"), p_values.tolist(), strict=True))) == {}
    assert chi2.sf(2 * squares, DRAWS).max() < 1e-3  # errors 30 % too small would be noticed


def test_what_cannot_be_analysed_is_refused() -> None:
    some, none = np.ones((2, 16), np.int64), np.zeros((2, 16), np.int64)
    errors = ReadoutErrors(100, 1, 100, 2)
    with pytest.raises(RunFailed, match="all four"):
        time_bin_fidelity(some, [some, some], errors, errors)
    with pytest.raises(RunFailed, match="all four"):
        time_bin_fidelity(some, [some, some, some, none], errors, errors)
    with pytest.raises(RunFailed, match="two readouts per node"):
        herald_table(*(np.zeros(3, np.int64),) * 2, *(np.zeros((3, 1), bool),) * 2)

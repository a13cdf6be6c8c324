# SPDX-License-Identifier: Apache-2.0
"""The rows' computed numbers, to the digits that the project's physics notes state."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import exp, log

import pytest

from heraldlink.config.find import find_config
from heraldlink.published.catalogue import row_of
from heraldlink.published.experiment import read_experiment, read_mapping
from heraldlink.published.jiang_2023 import pulse
from heraldlink.published.narla_2016 import attempt, dark_for, efficiency_at_rate
from heraldlink.published.row import Row
from heraldlink.published.solve import solved
from heraldlink.published.storz_2023 import s_of
from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import device_set
from heraldlink_physics.microwave_link import MicrowaveLink


@cache
def computed(name: str) -> Row:
    return row_of(name)


def cells(name: str, title: str, line: str) -> tuple[str, ...]:
    """The first line that begins like this, of the one table whose title does."""
    (table,) = (table for table in computed(name).tables if table.title.startswith(title))
    found = next(row for row in table.rows if row[0].startswith(line))
    return found[1:]


def test_meesala_pump_photons_and_what_the_rate_implies() -> None:
    assert cells("meesala_2024", "One node", "n_c")[0:3:2] == ("0.78", "0.72")
    assert cells("meesala_2024", "What the reading", "1 pulse, σ of the field, n_c")[1] == "0.259"


def test_a_link_of_two_meesala_nodes() -> None:
    title = "A link of two such nodes"
    assert cells("meesala_2024", title, "one click")[:2] == ("0.83 per second", "0.39")
    assert cells("meesala_2024", title, "two clicks, raw")[:2] == ("one in 20 h", "0.078")
    assert cells("meesala_2024", title, "two clicks, post")[:2] == ("one in 159 h", "0.62")


def test_the_microwave_links_stand_beside_what_was_published() -> None:
    title = "Published and computed"
    published, evidence, model = cells("storz_2023", title, "S")
    assert (published, evidence) == ("2.0747 ± 0.0033", "V")
    rho, contrast = (float(cells("storz_2023", title, line)[2]) for line in ("coherence", "product"))
    assert float(model) == pytest.approx(8**0.5 * rho * contrast, abs=5e-4)
    assert cells("kurpiers_2018", title, "absorption")[0] == "0.9810 ± 0.0010"
    published, _, white, slow, decay = cells("kurpiers_2018", title, "transfer, process")
    assert published == "0.8002 ± 0.0007"
    assert float(white) < 0.8002 < float(slow) < float(decay)
    published, _, white, slow, decay = cells("kurpiers_2018", title, "Bell pair")
    assert published == "0.7890 ± 0.0010"
    assert float(white) < 0.789 < float(slow) < float(decay)


def test_what_one_parameter_would_have_to_be_gives_the_published_s() -> None:
    experiment = read_experiment("storz_2023")
    link = device_set(read_mapping(find_config(experiment.device or "")))
    assert isinstance(link, MicrowaveLink)
    target = experiment.result("s").value
    share = solved(target, lambda value: s_of(replace(link, transmission=value)), 0.3, 1.0)
    assert s_of(replace(link, transmission=share)) == pytest.approx(target, abs=1e-9)
    with pytest.raises(ValueError, match="not reached between"):
        solved(3.0, lambda value: s_of(replace(link, transmission=value)), 0.3, 1.0)


def test_humphreys_rate_and_fidelity_against_the_bright_state_population() -> None:
    rows = [cells("humphreys_2018", "Computed", bright)[:2] for bright in ("0.05", "0.1", "0.2", "0.3")]
    assert [row[0] for row in rows] == ["6.6", "12.9", "25.7", "38.4"]
    assert [row[1] for row in rows] == ["0.879", "0.845", "0.756", "0.663"]


def test_one_charge_error_explains_both_of_humphreys_fidelities() -> None:
    """Fitted with one parameter, both computed fidelities round to what was published."""
    for rate in ("6", "39"):
        published, _, alone, double, both, needed = cells("humphreys_2018", "Published", rate)
        assert float(both) < float(double) < float(alone)
        assert f"{float(both):.2f}" == published
        assert float(needed) == pytest.approx(0.105, abs=0.01)


def test_ibm_threshold_lies_between_small_efficiency_and_counted_photons() -> None:
    title = "Threshold"
    assert cells("ibm_2025", title, "published") == ("0.5", "0.5", "0.997 (gate)")
    assert cells("ibm_2025", title, "one click")[0] == "0.207"
    assert cells("ibm_2025", title, "one photon counted")[:2] == ("0.455", "0.477")
    assert cells("ibm_2025", title, "two clicks")[2] == "0.9970"


def test_a_parameter_is_solved_for() -> None:
    assert solved(2.0, exp, 0.0, 5.0) == pytest.approx(log(2), abs=1e-9)
    assert solved(1e-3, lambda x: exp(-x), 0.0, 50.0) == pytest.approx(log(1e3), abs=1e-9)
    assert solved(0.0, lambda x: x, 0.0, 2.0) == 0.0
    with pytest.raises(ValueError, match="not reached between 0 and 1"):
        solved(3.0, exp, 0.0, 1.0)


def test_jiang_four_published_numbers_fit_together() -> None:
    title = "Published and computed"
    assert cells("jiang_2023", title, "heralds per second")[:2] == ("15", "V")
    assert float(cells("jiang_2023", title, "... thermal photons")[2]) < 2
    published, _, largest = cells("jiang_2023", title, "largest conversion")
    assert float(largest) > float(published) == 0.05
    experiment = read_experiment("jiang_2023")
    devices = device_set(read_mapping(find_config(experiment.device or "")))
    assert isinstance(devices, Devices)
    energy_J = float(cells("jiang_2023", title, "pulse energy")[2]) * 1e-12
    assert pulse(experiment, devices.arms[0], energy_J).rate_Hz == pytest.approx(15, rel=0.05)


def test_narla_efficiency_and_dark_counts_give_rate_and_fidelity() -> None:
    experiment = read_experiment("narla_2016")
    for flip in (0.0, 0.1):
        dark = dark_for(experiment, flip)
        found = attempt(experiment, efficiency_at_rate(experiment, dark), dark, flip)
        assert found.probability / experiment.condition("period_s") == pytest.approx(200, rel=1e-6)
        assert found.fidelity == pytest.approx(0.57, abs=1e-6)


def test_main_gate_of_the_published_fidelity_predicts_the_search() -> None:
    title = "Published and computed"
    _, found, success = cells("main_2025", title, "flips for 0.86 as average")
    assert found == "0.860"
    assert float(success) == pytest.approx(0.71, abs=0.01)
    _, found, success = cells("main_2025", title, "a worse pair")
    assert found == "0.860"
    assert float(success) == pytest.approx(0.71, abs=0.01)
    assert cells("main_2025", title, "published")[2] == "0.71"

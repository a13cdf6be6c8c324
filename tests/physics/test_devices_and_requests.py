# SPDX-License-Identifier: Apache-2.0
"""Device files, and the strongest pump that meets a request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import physics_bench as bench
import pytest

from heraldlink_physics.chain import link
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.errors import DeviceError, PhysicsError
from heraldlink_physics.model import HeraldModel
from heraldlink_physics.operating_point import strongest_pump


def model_at(name: str, attenuation_dB: float) -> Any:
    found, settings = bench.devices(name), bench.arm_settings(name, attenuation_dB)

    def at(pump_dB: float) -> HeraldModel:
        changed = replace(settings, attenuation_dB=settings.attenuation_dB - pump_dB)
        return link(*found.arms, found.midpoint, changed, changed, bench.midpoint_settings()).model

    return at


@pytest.mark.parametrize("name", ["meesala_2024", "improved"])
def test_shipped_files_name_two_nodes_and_their_source(name: str) -> None:
    found = bench.devices(name)
    assert [arm.name for arm in found.arms] == ["alice", "bob"]
    assert "Meesala" in found.source


def test_the_published_set_cannot_give_0_6_and_says_what_it_can() -> None:
    point = strongest_pump(0.6, model_at("meesala_2024", 28.5), -17.0, 27.0, 0.1)
    assert not point.reachable
    assert 0.40 < point.fidelity_measured < 0.6
    best = max(model_at("meesala_2024", 28.5)(x).fidelity_measured for x in range(-17, 28))
    assert point.fidelity_measured >= best - 1e-6


def test_the_improved_set_gives_0_6_at_the_strongest_pump_that_does() -> None:
    at = model_at("improved", 30.0)
    point = strongest_pump(0.6, at, -15.0, 30.0, 0.05)
    assert point.reachable
    assert point.fidelity_measured >= 0.6 > at(point.pump_dB + 0.06).fidelity_measured
    assert point.probability == at(point.pump_dB).probability > 5e-3


def test_a_modest_request_takes_all_the_pump_there_is() -> None:
    assert strongest_pump(0.0, model_at("improved", 30.0), -3.0, 0.0).pump_dB == 0.0


def test_no_light_is_not_a_reachable_fidelity() -> None:
    at = model_at("improved", 30.0)
    dark = bench.midpoint_settings(bias_A=0.0)
    found, settings = bench.devices("improved"), bench.arm_settings("improved", 30.0)
    point = strongest_pump(
        0.5, lambda _: link(*found.arms, found.midpoint, settings, settings, dark).model, -1, 0
    )
    assert not point.reachable
    with pytest.raises(PhysicsError, match=r"minimum_fidelity = 1.5.*0 to 1"):
        strongest_pump(1.5, at, -1, 0)
    with pytest.raises(PhysicsError, match="pump range"):
        strongest_pump(0.5, at, 1, 0)


def changed(path: str, value: object) -> dict[str, Any]:
    top: dict[str, Any] = json.loads(json.dumps(bench.mapping("improved")))  # no shared sections
    *way, last = path.split("/")
    section: Any = top
    for key in way:
        section = section[key]
    if value is None:
        del section[last]
    else:
        section[last] = value
    return top


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("arms/bob/carver/v_pi", 0.2, ("arms.bob.carver.v_pi", "unknown key", "v_pi_V")),
        ("arms/bob/qubit/dephasing", None, ("arms.bob.qubit.dephasing", "missing")),
        ("arms/bob/qubit/dephasing", 0.7, ("arms.bob.qubit", "dephasing", "0 to 0.5")),
        ("arms/alice/splitter", "half", ("arms.alice.splitter", "number", "half")),
        ("arms/alice/fibre_delay_ps", 0.5, ("arms.alice.fibre_delay_ps", "whole number")),
        ("arms/alice/fibre_delay_ps", -1, ("arms.alice.fibre_delay_ps = -1", ">= 0")),
        ("midpoint/sync_delay_ps", -1, ("midpoint", "sync_delay_ps = -1", ">= 0")),
        ("arms/alice/transducer", 3, ("arms.alice.transducer", "section")),
        ("arms/carol", {}, ("arms", "two nodes", "3")),
        ("midpoint/mode_match", 1.2, ("midpoint", "mode_match", "0 to 1")),
        ("midpoint/detectors/e", {}, ("midpoint.detectors.e", "unknown")),
        ("midpoint/detectors/c/knee_A", True, ("midpoint.detectors.c.knee_A", "number")),
        ("name", "", ("name", "text")),
        ("colour", "red", ("colour", "unknown")),
    ],
)
def test_mistakes_in_a_device_file_are_named_by_key(path: str, value: object, words: tuple[str, ...]) -> None:
    with pytest.raises(DeviceError) as caught:
        from_mapping(changed(path, value))
    assert all(word in str(caught.value) for word in words), str(caught.value)

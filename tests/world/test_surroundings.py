# SPDX-License-Identifier: Apache-2.0
"""What the lookers-on of the full rack read over their wires, against a calculation of its own."""

import asyncio
import math
from pathlib import Path

import pytest

from heraldlink_sim.bench import Bench
from heraldlink_sim.world.play import SlotEvents

BENCH = Path(__file__).resolve().parents[2] / "configs" / "benches" / "full_rack.yaml"
ATTENUATION_dB = 3.0
DUTY = 0.25
PUMP_W = 2e-3
TICKS = 50
WARM_UP_s = 3600.0


def say(bench: Bench, name: str, *messages: str) -> list[str]:
    """Send messages to an instrument as its server does; the answers."""

    async def talk() -> list[str]:
        answers: list[str] = []
        for message in messages:
            answer = bench.instruments[name].face.respond(message.encode())
            answers.append((answer if isinstance(answer, bytes) else await answer).decode())
        return answers

    return asyncio.run(talk())


def laser_W(bench: Bench) -> float:
    """What leaves the laser, as its own monitor has it."""
    (reply,) = say(bench, "hub_pump", "(param-ref 'laser1:ctl:power:power-act)")
    return float(reply) * 1e-3


@pytest.fixture
def bench() -> Bench:
    """The rack with its pump on, sent to alice alone through an attenuator channel that is open."""
    bench = Bench.from_file(BENCH)
    say(bench, "hub_switch", ":OXC:SWIT:CONN:ONLY (@1),(@9)", "*OPC?")
    say(bench, "hub_voa", f":INP1:ATT {ATTENUATION_dB}", ":OUTP1 1", ":INP2:ATT 0", ":OUTP2 1", "*OPC?")
    for command in ("laser1:power-stabilization:setpoint 2.0", "laser1:power-stabilization:enabled #t"):
        path, value = command.split()
        say(bench, "hub_pump", f"(param-set! '{path} {value})")
    for path in ("emission-button-enabled", "laser1:dl:cc:enabled", "laser1:enabled"):
        say(bench, "hub_pump", f"(param-set! '{path} #t)")
    bench.clocks["hub_pump"].spend(WARM_UP_s)
    assert laser_W(bench) == pytest.approx(PUMP_W, rel=0.02)
    return bench


def play(bench: Bench, slot: int) -> None:
    """Let the carvers be open for a quarter of the tick period that begins at ``slot``."""
    carvers = {node.name: DUTY for node in bench.world.wiring.nodes}
    bench.surroundings.played(slot, SlotEvents({}, {}, {}, carvers))


def at_the_transducer_W(bench: Bench, laser_W: float) -> float:
    device = bench.world.devices.arms[0]
    return laser_W * device.splitter * device.insertion * 10 ** (-ATTENUATION_dB / 10) * DUTY


def test_the_tap_reads_its_share_of_the_mean_pump_power(bench):
    play(bench, 1)
    (reply,) = say(bench, "alice_tap", "MEAS:POW?")
    expected_W = 0.01 * at_the_transducer_W(bench, PUMP_W)
    assert float(reply) == pytest.approx(expected_W, rel=0.03)
    (dark,) = say(bench, "bob_tap", "MEAS:POW?")
    assert abs(float(dark)) < 1e-3 * expected_W


def test_the_mixing_chamber_warms_with_the_pump_and_cools_without(bench):
    cryostat = bench.config.wiring.nodes["alice"].cryostat
    play(bench, 1)
    play(bench, 1 + TICKS)
    elapsed_s = TICKS * bench.tick_period_ps * 1e-12
    heat_W = at_the_transducer_W(bench, PUMP_W) * cryostat.absorbed
    steady_K = math.sqrt(cryostat.base_K**2 + heat_W / cryostat.cooling_W_per_K2)
    expected_K = steady_K + (cryostat.base_K - steady_K) * math.exp(-elapsed_s / cryostat.time_constant_s)
    assert expected_K > 1.5 * cryostat.base_K
    (reply,) = say(bench, "alice_thermometer", "KRDG? 6")
    assert float(reply) == pytest.approx(expected_K, rel=0.02)
    say(bench, "hub_voa", ":OUTP1 0", "*OPC?")
    bench.surroundings.pass_ticks(1 + 100 * TICKS)
    (cold,) = say(bench, "alice_thermometer", "KRDG? 6")
    assert float(cold) == pytest.approx(cryostat.base_K, rel=0.02)

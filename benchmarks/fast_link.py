# SPDX-License-Identifier: Apache-2.0
"""The link that sampling.py and real_time.py play: a million attempts a second, one herald in a thousand."""

from heraldlink.sequences import NodeDrive, PairSourceSequence, generator_program
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.wiring import Wiring

SEQUENCE = PairSourceSequence(
    name="a million attempts per second",
    sample_rate_Hz=12.5e9,
    tick_rate_Hz=10,
    attempt_period_ps=1_000_000,
    bright_pulses=100,
    calibration_shots=50,
    attempts=15_000,
    pulse_centre_ps=160_000,
    pulse_sigma_ps=20_000,
    bright_sigma_ps=20_000,
    sync_begin_ps=60_000,
    sync_width_ps=20_000,
    rotation_begin_ps=240_000,
    rotation_sigma_ps=6_000,
    readout_begin_ps=300_000,
    readout_width_ps=600_000,
    record_ps=76_000_000_000,
)
GATE_PS = (20_000, 180_000)
POWER_W, ATTENUATION_dB, BIAS_A = 0.34e-3, 30.0, 18e-6
PUMP_m, RED_m = 1.5612158e-6, 1.5612971e-6
LIGHT_m_per_s = 299_792_458.0


def drive(node: str) -> NodeDrive:
    """Calibration of a node."""
    return NodeDrive((0.5, 0.5), 0.25, 0.25, 5.0e9, 1.0e9, phase_switch=node == "bob")


def rack_state(wiring: Wiring, sequence: PairSourceSequence = SEQUENCE) -> words.RackState:
    """The rack prepared for the link, in the words of the world."""
    hub, nodes = wiring.hub, wiring.nodes
    open_channel = words.AttenuatorChannel(ATTENUATION_dB, True)
    bias = words.BiasState(True, (BIAS_A, BIAS_A), (0.1, 0.1))
    return words.RackState(
        lasers={
            hub.pump: words.LaserState(True, True, POWER_W, LIGHT_m_per_s / PUMP_m),
            hub.readout_pump: words.LaserState(True, True, 20e-6, LIGHT_m_per_s / RED_m),
        },
        attenuators={
            hub.attenuator: words.AttenuatorState(
                (open_channel,) * 2 + (words.AttenuatorChannel(0.0, True),) * 2
            )
        },
        generators={node.generator: _generator(node.name, sequence) for node in nodes},
        delays={node.delay: words.DelayState(True, {"AB": words.DelayOutput(1e-6, 2.5)}) for node in nodes},
        microwaves={
            node.microwave: words.MicrowaveState(
                True, node.readout_tone.frequency_Hz, node.readout_tone.power_dBm, 0.0, True
            )
            for node in nodes
        },
        taggers={hub.tagger: _tagger(True)} | {node.tagger: _tagger(False) for node in nodes},
        detectors={hub.detectors: bias} | {node.detectors: bias for node in nodes},
    )


def _generator(node: str, sequence: PairSourceSequence) -> words.GeneratorState:
    program = generator_program(sequence, drive(node), "X")
    waves = {
        name: tuple(words.Waveform(a, b) for a, b in zip(wave.channels, wave.markers, strict=True))
        for name, wave in program.waveforms.items()
    }
    steps = tuple(
        words.ProgramStep(waves[s.waveform], s.repeat, s.wait, s.event, s.jump_to, s.goto)
        for s in program.steps
    )
    channels = (words.GeneratorChannel(True, 0.5), words.GeneratorChannel(True, 0.5))
    return words.GeneratorState(True, sequence.sample_rate_Hz, True, channels, steps)


def _tagger(hub: bool) -> words.TaggerState:
    inputs = {name: words.TaggerInput(True, 0.5) for name in words.TAGGER_INPUTS}
    outputs = {n: words.TaggerOutput(hub, "TSCO5") for n in (1, 2)}
    combiners = {5: words.Combiner(words.IN1, words.IN2, *GATE_PS)} if hub else {}
    record = words.RecordState(True, SEQUENCE.record_ps)
    return words.TaggerState(inputs, combiners, {}, outputs, record)

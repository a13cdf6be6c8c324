# SPDX-License-Identifier: Apache-2.0
"""Programs of one small slot, as a node would compile them."""

import numpy as np

from heraldlink_drivers.roles import (
    MARKER_1,
    MARKER_2,
    Combiner,
    GeneratorProgram,
    Step,
    TaggerProgram,
    Waveform,
)

SAMPLE_RATE_Hz = 12.5e9
SAMPLES = 62_500
THRESHOLDS_V = {"STAR": 0.5, "INPU1": 0.1, "INPU2": 0.1, "INPU3": 0.5, "INPU4": 0.5}

HUB = TaggerProgram(
    reference="STAR",
    raw={1: "INPU1", 2: "INPU2", 3: "TSCO5"},
    combiner=Combiner(5, "INPU1", "INPU2", begin_ps=50_000, end_ps=350_000),
    outputs={1: "TSCO5", 2: "TSCO5"},
    threshold_V=THRESHOLDS_V,
)
NODE = TaggerProgram(
    reference="STAR",
    raw={1: "INPU1", 2: "INPU3"},
    threshold_V={name: level for name, level in THRESHOLDS_V.items() if name != "INPU2"},
)


def waveform(*, pulse=False, sync=False, gate=False, bright=False, turn=False, scale=0.8) -> Waveform:
    t_s = np.arange(SAMPLES) / SAMPLE_RATE_Hz
    envelope = scale * pulse * np.exp(-(((t_s - 400e-9) / 48e-9) ** 2) / 2)
    first, second = np.zeros(SAMPLES, np.uint8), np.zeros(SAMPLES, np.uint8)
    first[2_500:2_750] |= MARKER_1 * sync
    first |= np.uint8(MARKER_2 * turn)
    second[12_500:37_500] |= MARKER_1 * gate
    second |= np.uint8(MARKER_2 * bright)
    silence = np.zeros(SAMPLES, np.float32)
    return Waveform((envelope.astype(np.float32), silence), (first, second))


def slot_program(n_bright=100, n_calibration=20, n_attempts=2_000) -> GeneratorProgram:
    waveforms = {
        "bright_i": waveform(pulse=True, sync=True, bright=True),
        "bright_q": waveform(pulse=True, sync=True, bright=True, turn=True),
        "cal_g": waveform(sync=True, gate=True),
        "cal_e": waveform(sync=True, gate=True),
        "attempt": waveform(pulse=True, sync=True),
        "readout": waveform(gate=True),
    }
    steps = (
        Step("bright_i", n_bright // 2, wait="A"),
        Step("bright_q", n_bright // 2),
        Step("cal_g", n_calibration),
        Step("cal_e", n_calibration),
        Step("attempt", n_attempts, event="B", jump_to=6, goto=1),
        Step("readout", 1, goto=5),
    )
    return GeneratorProgram("slot", SAMPLE_RATE_Hz, (0.5, 0.5), waveforms, steps)

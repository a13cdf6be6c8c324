# SPDX-License-Identifier: Apache-2.0
"""Calibrations of an end node: drive strength, frequency, readout, relaxation."""

from collections.abc import Sequence
from dataclasses import replace
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration import counting
from heraldlink.calibration.bench import Bench, Finding
from heraldlink.calibration.discrimination import discriminate, most_telling_threshold
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.oscillations import rabi, ramsey, relaxation
from heraldlink.calibration.plans import qubit_plan, shots_per_part
from heraldlink.errors import RunFailed
from heraldlink.sequences import QubitDrive

Integers = NDArray[np.int64]
MOST_ANGLE_rad = 4 * pi
RABI_PARTS, MOST_DRIVES, RAMSEY_SLOTS = 13, 4, 3
RAMSEY_STEP_PS = 70_000
RAMSEY_STEPS = (0, 1, 2, 3, 4, 5, 12, 30, 70, 71, 72, 73)
"""Short gaps tell one fringe from the next; the long ones, as long as a qubit waits to be analysed, count."""

ARTIFICIAL_Hz = 3e6
"""Detuning put into the second Ramsey pulse's axis: the fringes then tell the sign of the real one."""

HIGHEST_Hz = 6e6
WAITS, RELAXATION_SLOTS = (0, 1, 4, 20), 8
DRIVE_SHARE = 0.5
"""Of the generator's full scale that the strongest Rabi pulse asks for: a wrong calibration fits in."""


def scanned(
    bench: Bench, node: str, kind: str, drives: Sequence[tuple[QubitDrive, ...]], slots: int = 1
) -> tuple[list[Integers], str]:
    """Play slots with a part per set of drives; photons of every shot of each part, and the digest."""
    sequence = bench.point.midpoint.sequence
    shots = shots_per_part(sequence, len(drives), lengths(bench, drives))
    plan = qubit_plan(bench.point, node, kind, drives, shots)
    played = [bench.player.play(plan, bench.point).ends[node] for _ in range(slots)]
    found = [counting.photons(tags, plan, sequence.readout_width_ps) for tags in played]
    return [np.concatenate(part) for part in zip(*found, strict=True)], plan.digest()


def lengths(bench: Bench, drives: Sequence[tuple[QubitDrive, ...]]) -> int:
    """How many attempt periods a waveform with these drives lasts."""
    plan = qubit_plan(bench.point, bench.point.names[0], "length", drives, 1)
    return plan.period_ps // bench.point.midpoint.sequence.attempt_period_ps


def excited_of(photons: list[Integers]) -> tuple[Integers, Integers]:
    """(shots, excited readouts) of each part, at the threshold at which the parts differ most."""
    threshold = most_telling_threshold(photons)
    shots = np.array([part.size for part in photons], dtype=np.int64)
    return shots, np.array([int(np.sum(part >= threshold)) for part in photons], dtype=np.int64)


def seconds(times_ps: Integers) -> NDArray[np.float64]:
    """Times in seconds."""
    return np.asarray(times_ps * 1e-12, dtype=np.float64)


def drive_strength(node: str, bench: Bench) -> Finding:
    """Rabi oscillations over two turns: angle per volt-second of resonant drive."""
    point = bench.point.ends[node].operating_point
    declared = point.qubit.rabi_rad_per_Vs
    peak_V = DRIVE_SHARE * point.generator.amplitude_Vpp[1] / 2
    shortest_ps = MOST_ANGLE_rad / (declared * sqrt(2 * pi) * peak_V) * 1e12
    sigma_ps = max(bench.point.midpoint.sequence.rotation_sigma_ps, round(shortest_ps))
    angles = np.linspace(0, MOST_ANGLE_rad, RABI_PARTS)
    drives = [(QubitDrive(0, sigma_ps, angle),) for angle in angles.tolist()]
    photons, digest = scanned(bench, node, "rabi", drives)
    scale = rabi(angles, *excited_of(photons))
    strength = Measured(declared * scale.value, declared * scale.sigma, "rad/Vs")
    return Finding({"rabi": strength, "scale": scale}, digest)


def frequency(node: str, bench: Bench) -> Finding:
    """Ramsey fringes: the qubit's frequency, and the nearest one that fits whole cycles into an attempt.

    Played again at each new drive until the drive stays: fringes faster than `ARTIFICIAL_Hz` fold back, and
    a drive that is far off would be taken for one that is near. Raises RunFailed if it does not settle.
    """
    grid_Hz = 1e12 / bench.point.midpoint.sequence.attempt_period_ps
    for _ in range(MOST_DRIVES):
        drive_Hz = bench.point.ends[node].operating_point.qubit.frequency_Hz
        offset, decay, digest = offset_from_drive(node, bench)
        nearest_Hz = round((drive_Hz + offset.value) / grid_Hz) * grid_Hz
        if nearest_Hz == drive_Hz:
            found = Measured(drive_Hz + offset.value, offset.sigma, "Hz")
            drive = Measured(drive_Hz, offset.sigma, "Hz")
            return Finding({"frequency": found, "drive": drive, "decay": decay}, digest)
        bench = replace(bench, point=bench.point.end(node, qubit__frequency_Hz=nearest_Hz))
    raise RunFailed(f"Ramsey: the drive of {node} does not settle within {MOST_DRIVES} scans")


def offset_from_drive(node: str, bench: Bench) -> tuple[Measured, Measured, str]:
    """(qubit's frequency minus the drive's in Hz, decay rate in 1/s, digest), from fringes."""
    sigma_ps = bench.point.midpoint.sequence.rotation_sigma_ps
    gaps_ps = 8 * sigma_ps + RAMSEY_STEP_PS * np.array(RAMSEY_STEPS)
    drives = [
        (
            QubitDrive(-gap_ps, sigma_ps, pi / 2),
            QubitDrive(0, sigma_ps, pi / 2, axis_rad=2 * pi * ARTIFICIAL_Hz * gap_ps * 1e-12 % (2 * pi)),
        )
        for gap_ps in gaps_ps.tolist()
    ]
    photons, digest = scanned(bench, node, "ramsey", drives, RAMSEY_SLOTS)
    fringe, decay = ramsey(seconds(gaps_ps), *excited_of(photons), HIGHEST_Hz)
    return Measured(ARTIFICIAL_Hz - fringe.value, fringe.sigma, "Hz"), decay, digest


def readout(node: str, bench: Bench) -> Finding:
    """Photons from |g> and |e>: the threshold between them, and the confusion matrix."""
    sigma_ps = bench.point.midpoint.sequence.rotation_sigma_ps
    photons, digest = scanned(bench, node, "readout", [(), (QubitDrive(0, sigma_ps, pi),)])
    found = discriminate(*photons)
    return Finding(
        {
            "threshold": Measured(found.threshold, 0.0, "photons"),
            "fidelity": found.fidelity,
            "error_g": found.error_g,
            "error_e": found.error_e,
            "photons_g": found.mean_g,
            "photons_e": found.mean_e,
        },
        digest,
    )


def relaxation_rate(node: str, bench: Bench) -> Finding:
    """1/T1 from |e> left alone for up to `WAITS` attempt periods: the longest decide where it is slow."""
    sequence = bench.point.midpoint.sequence
    sigma_ps = sequence.rotation_sigma_ps
    waits_ps = np.array(WAITS, dtype=np.int64) * sequence.attempt_period_ps
    drives = [(), *((QubitDrive(-wait_ps, sigma_ps, pi),) for wait_ps in waits_ps.tolist())]
    photons, digest = scanned(bench, node, "relaxation", drives, RELAXATION_SLOTS)
    shots, excited = excited_of(photons)
    rate = relaxation(seconds(waits_ps), shots[1:], excited[1:], int(shots[0]), int(excited[0]))
    return Finding({"relaxation": rate}, digest)

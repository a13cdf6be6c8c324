# SPDX-License-Identifier: Apache-2.0
"""Which calibrations a link has, what each needs, how long it is good for, and within which limits.

Expiries and limits are [assumed]: an hour for what light and electronics do, a few for what a chip does. The
pump's power is looked at often, and what it needs is measured again when it is out of limits.
"""

from dataclasses import replace

from heraldlink.calibration.declared import Parts, relevant
from heraldlink.calibration.graph import Calibration, Graph, Limits

BIAS, DARKS, WAVELENGTH, DELAYS = "detector_bias", "dark_counts", "pump_wavelength", "delays"
FRINGE, PAIRS, HOM = "fringe", "pairs", "hom"
SLOT_DELAY, RABI, FREQUENCY, READOUT, RELAXATION = (
    "slot_delay", "rabi", "qubit_frequency", "readout", "relaxation",
)  # fmt: skip
HOUR_s = 3600.0


def efficiency(arm: str) -> str:
    """Name of the calibration of what an arm's light loses."""
    return f"efficiency_{arm}"


def full_name(node: str, kind: str) -> str:
    """Names carry the node they belong to: ``midpoint.detector_bias``."""
    return f"{node}.{kind}"


def link_graph(midpoint: str, ends: tuple[str, str], declared: Parts | None = None) -> Graph:
    """All calibrations of a link, names as `full_name` makes them.

    ``declared``: sections of the files as they are now; what was measured with others is no longer in
    specification.
    """
    found = [*_hub(midpoint, ends), *(item for end in ends for item in _end(midpoint, ends, end))]
    if declared is None:
        return Graph(found)
    of_link = {full_name(ends[1], SLOT_DELAY)} | {item.name for item in found if item.node == midpoint}
    return Graph(
        [replace(item, declared=relevant(declared, item.node, ends, item.name in of_link)) for item in found]
    )


def _hub(node: str, ends: tuple[str, str]) -> list[Calibration]:
    shifts = {f"shift_{end}": 3e7 for end in ends}
    attenuations = {f"{kind}attenuation_{end}": 0.05 for end in ends for kind in ("", "readout_")}
    bias, wavelength, delays = (full_name(node, kind) for kind in (BIAS, WAVELENGTH, DELAYS))
    efficiencies = (full_name(node, efficiency(end)) for end in ends)
    dark = Limits(highest=1e3)
    return [
        Calibration(bias, node, (), 8 * HOUR_s, steps={"bias_c": 2e-7, "bias_d": 2e-7}),
        Calibration(full_name(node, DARKS), node, (bias,), HOUR_s, {"dark_c": dark, "dark_d": dark}),
        Calibration(
            wavelength, node, (bias,), 4 * HOUR_s, steps={"wavelength": 2e-13, "red": 2e-13} | shifts
        ),
        Calibration(delays, node, (bias, wavelength), HOUR_s, steps={"arrival": 2_000.0}),
        Calibration(
            full_name(node, PAIRS),
            node,
            (wavelength, *(full_name(end, FREQUENCY) for end in ends)),
            HOUR_s,
            {f"scale_{end}": Limits(0.55, 1.8) for end in ends},
            {f"scale_{end}": 0.01 for end in ends} | attenuations,
        ),
        *(
            Calibration(
                full_name(node, efficiency(end)),
                node,
                (bias, wavelength, delays, full_name(node, PAIRS)),
                HOUR_s,
                {"efficiency": Limits(0.65, 1.35), "background": Limits(highest=0.05)},
                {"efficiency": 0.02},
            )
            for end in ends
        ),
        Calibration(
            full_name(node, FRINGE),
            node,
            (bias, wavelength, full_name(ends[1], SLOT_DELAY), full_name(node, PAIRS)),
            HOUR_s,
            {"visibility": Limits(0.5, 1.1)},
        ),
        Calibration(
            full_name(node, HOM),
            node,
            (bias, wavelength, full_name(ends[1], SLOT_DELAY), *efficiencies),
            4 * HOUR_s,
            {"visibility": Limits(0.5, 1.1), "relative": Limits(0.85, 1.15)},
        ),
    ]


def _end(midpoint: str, ends: tuple[str, str], node: str) -> list[Calibration]:
    rabi, frequency = full_name(node, RABI), full_name(node, FREQUENCY)
    light = (full_name(midpoint, WAVELENGTH), full_name(midpoint, PAIRS))
    found = [
        Calibration(rabi, node, (), 8 * HOUR_s, {"scale": Limits(0.3, 3.0)}, {"rabi": 5e6}),
        Calibration(frequency, node, (rabi,), 8 * HOUR_s, steps={"frequency": 2e4}),
        Calibration(
            full_name(node, READOUT), node, (*light, rabi, frequency), HOUR_s, {"fidelity": Limits(0.8, 1.0)}
        ),
        Calibration(full_name(node, RELAXATION), node, (rabi, frequency), 24 * HOUR_s),
    ]
    if node == ends[1]:
        needs = (full_name(midpoint, DELAYS), *(full_name(end, FREQUENCY) for end in ends))
        steps = {"delay": 1e-9, "arrival": 2_000.0}
        found.append(Calibration(full_name(node, SLOT_DELAY), node, needs, HOUR_s, steps=steps))
    return found

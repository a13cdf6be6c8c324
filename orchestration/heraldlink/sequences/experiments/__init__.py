# SPDX-License-Identifier: Apache-2.0
"""Every kind of sequence: its settings, and how they become a plan for two named ends."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from heraldlink.sequences.experiments.barrett_kok import BarrettKokSettings, barrett_kok
from heraldlink.sequences.experiments.frame import Ends
from heraldlink.sequences.experiments.g2 import G2Settings, g2
from heraldlink.sequences.experiments.hom import HomSettings, hom
from heraldlink.sequences.experiments.microwave_link import MicrowaveLinkSettings, microwave_link
from heraldlink.sequences.experiments.phase import PhaseSettings, phase
from heraldlink.sequences.experiments.pump_sweep import PumpSweepSettings, pump_sweep
from heraldlink.sequences.experiments.rabi import RabiSettings, rabi
from heraldlink.sequences.experiments.ramsey import RamseySettings, ramsey
from heraldlink.sequences.experiments.readout import ReadoutSettings, readout
from heraldlink.sequences.experiments.t1 import T1Settings, t1
from heraldlink.sequences.experiments.time_bin import TimeBinSettings, time_bin
from heraldlink.sequences.pair_source import PairSourceSequence, pair_source_plan
from heraldlink.sequences.plan import SlotPlan

Settings = (
    PairSourceSequence
    | PhaseSettings
    | ReadoutSettings
    | RabiSettings
    | RamseySettings
    | T1Settings
    | PumpSweepSettings
    | HomSettings
    | G2Settings
    | TimeBinSettings
    | BarrettKokSettings
    | MicrowaveLinkSettings
)

KINDS: Mapping[str, type[Settings]] = MappingProxyType(
    {
        "pair_source": PairSourceSequence,
        "phase": PhaseSettings,
        "readout": ReadoutSettings,
        "rabi": RabiSettings,
        "ramsey": RamseySettings,
        "t1": T1Settings,
        "pump_sweep": PumpSweepSettings,
        "hom": HomSettings,
        "g2": G2Settings,
        "time_bin": TimeBinSettings,
        "barrett_kok": BarrettKokSettings,
        "microwave_link": MicrowaveLinkSettings,
    }
)
"""Settings by the word that a file gives as its kind."""

LINKS: Mapping[type[Settings], str] = MappingProxyType(
    {
        PairSourceSequence: "heralded by one click",
        TimeBinSettings: "heralded by a click in each bin",
        BarrettKokSettings: "heralded by a click in each round",
        MicrowaveLinkSettings: "deterministic, no herald",
    }
)
"""Link types: the kinds that make pairs, and what tells of a pair. The others calibrate."""


def plan_of(settings: Settings, ends: Ends) -> SlotPlan:
    """The plan of any settings; ``ends``: names of node A, which starts the attempts, and of node B.

    A pair source has no gate of its own: the midpoint's operating point gives it.
    """
    match settings:
        case PairSourceSequence():
            return pair_source_plan(settings, ends=ends)
        case PhaseSettings():
            return phase(settings, ends)
        case ReadoutSettings():
            return readout(settings, ends)
        case RabiSettings():
            return rabi(settings, ends)
        case RamseySettings():
            return ramsey(settings, ends)
        case T1Settings():
            return t1(settings, ends)
        case PumpSweepSettings():
            return pump_sweep(settings, ends)
        case HomSettings():
            return hom(settings, ends)
        case G2Settings():
            return g2(settings, ends)
        case TimeBinSettings():
            return time_bin(settings, ends)
        case BarrettKokSettings():
            return barrett_kok(settings, ends)
        case MicrowaveLinkSettings():
            return microwave_link(settings, ends)
        case _:
            assert_never(settings)

# SPDX-License-Identifier: Apache-2.0
"""What ``heraldlink show`` tells of a sequence: its plan and programs, as a table or a JSON object."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from heraldlink.config import EndNodeConfig, MidpointConfig, load_experiment, load_node
from heraldlink.errors import ConfigurationError, RequestError
from heraldlink.sequences import GENERATORS, NodeDrive, Part, SlotPlan, generator_program_of
from heraldlink.sequences.experiments import LINKS, plan_of
from heraldlink_drivers.roles import GeneratorProgram

Programs = Mapping[str, GeneratorProgram]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A sequence; ``programs`` by node, ``link``: what tells of a pair, None where none is made."""

    plan: SlotPlan
    programs: Programs
    link: str | None


def compiled(
    sequence: str, node: str | None, drive: tuple[str, str], midpoint: str, generator: str
) -> Compiled:
    """Compile a sequence file for both ends, or for ``node`` alone."""
    ends = [end_of(name) for name in drive]
    settings = load_experiment(file_of(sequence))
    plan = gated(plan_of(settings, (ends[0].node, ends[1].node)), midpoint)
    programs = {
        end.node: generator_program_of(plan, end.node, drive_of(end), GENERATORS[generator])
        for end in ends
        if node in (None, end.node)
    }
    if not programs:
        raise RequestError(f"--node {node}: the ends are {', '.join(end.node for end in ends)}")
    return Compiled(plan, programs, LINKS.get(type(settings)))


def file_of(sequence: str) -> str:
    """``rabi`` stands for the shipped sequences/rabi.yaml."""
    return sequence if Path(sequence).suffix else f"sequences/{sequence}.yaml"


def end_of(name: str) -> EndNodeConfig:
    """An end node's file. Raises ConfigurationError if it is another's."""
    config = load_node(name)
    if isinstance(config, MidpointConfig):
        raise ConfigurationError(f"{name}: kind: must be end, whose calibration is compiled (got midpoint)")
    return config


def drive_of(end: EndNodeConfig) -> NodeDrive:
    """Calibration of an end node as its file declares it; the second end switches the phase."""
    point = end.operating_point
    return NodeDrive(
        amplitude_Vpp=point.generator.amplitude_Vpp,
        envelope_peak_V=point.generator.envelope_peak_V,
        bright_peak_V=point.generator.bright_peak_V,
        qubit_frequency_Hz=point.qubit.frequency_Hz,
        rabi_rad_per_Vs=point.qubit.rabi_rad_per_Vs,
        phase_switch=end.ends[1] == end.node,
    )


def gated(plan: SlotPlan, midpoint: str) -> SlotPlan:
    """The plan with the midpoint's gate if it jumps on heralds and has none of its own."""
    if plan.gate_ps != (0, 0) or all(part.jump_to is None for part in plan.parts):
        return plan
    config = load_node(midpoint)
    if not isinstance(config, MidpointConfig):
        raise ConfigurationError(f"{midpoint}: kind: must be midpoint, whose gate is shown")
    gate = config.operating_point.gate
    return replace(plan, gate_ps=(gate.begin_ps, gate.end_ps))


def described(found: Compiled) -> dict[str, object]:
    """The plan as one JSON object; indices are [first, last + 1)."""
    plan, programs = found.plan, found.programs
    return {
        "name": plan.name,
        "link": found.link,
        "digest": plan.digest(),
        "sample_rate_Hz": plan.sample_rate_Hz,
        "attempt_period_ps": plan.period_ps,
        "duration_ps": plan.duration_ps,
        "record_ps": plan.record_ps,
        "slot_ps": round(1e12 / plan.tick_rate_Hz),
        "gate_ps": list(plan.gate_ps),
        "memory_samples": {node: memory_samples(program) for node, program in programs.items()},
        "parts": [_described(plan, part, programs) for part in plan.parts],
    }


def _described(plan: SlotPlan, part: Part, programs: Programs) -> dict[str, object]:
    indices = plan.indices(part.name)
    return {
        "name": part.name,
        "count": part.count,
        "indices": [indices.start, indices.stop] if indices else None,
        "duration_ps": part.count * plan.period_ps,
        "jump_to": part.jump_to,
        "elements": {
            node: [{"element": type(e).__name__} | asdict(e) for e in mine]
            for node, mine in part.elements.items()
            if node in programs
        },
    }


def memory_samples(program: GeneratorProgram) -> int:
    """Samples that a program takes of each channel's memory."""
    return sum(waveform.length for waveform in program.waveforms.values())


def print_parts(found: Compiled) -> None:
    """Print the table of parts and what the slot takes."""
    plan, programs = found.plan, found.programs
    grid = Table(title=f"sequence {plan.name}", title_justify="left", box=None, pad_edge=False)
    grid.add_column("part")
    for name in ("count", "reference indices", "lasts (ms)"):
        grid.add_column(name, justify="right")
    grid.add_column("on a herald")
    for part in plan.parts:
        lasts = f"{part.count * plan.period_ps * 1e-9:.4g}"
        grid.add_row(part.name, str(part.count), indices_of(plan, part.name), lasts, part.jump_to or "")
    console = Console()
    console.print(grid)
    samples = memory_samples(next(iter(programs.values())))
    link = f"\npairs are {found.link}" if found.link else ""
    console.print(
        f"\nattempts of {plan.period_ps * 1e-6:g} us; {plan.duration_ps * 1e-9:g} ms without a herald,"
        f" {plan.record_ps * 1e-9:g} ms recorded of {1e3 / plan.tick_rate_Hz:g} ms;"
        f" gate {gate_of(plan)}; {samples} samples per channel{link}",
        highlight=False,
        soft_wrap=True,
    )


def indices_of(plan: SlotPlan, part: str) -> str:
    """Reference indices as people write them, both ends included."""
    indices = plan.indices(part)
    if not indices:
        return "none"
    return f"{indices.start} .." if plan.part(part).jump_to else f"{indices.start} .. {indices.stop - 1}"


def gate_of(plan: SlotPlan) -> str:
    """The herald gate in words."""
    begin_ps, end_ps = plan.gate_ps
    return f"{begin_ps * 1e-3:g} to {end_ps * 1e-3:g} ns after START" if end_ps > begin_ps else "none"

# SPDX-License-Identifier: Apache-2.0
"""From a plan and one node's calibration to the program of its waveform generator."""

from dataclasses import replace

from heraldlink.errors import ConfigurationError
from heraldlink.sequences import shapes
from heraldlink.sequences.drive import NodeDrive
from heraldlink.sequences.limits import GeneratorLimits
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.refusals import check_plan, drive_refusals
from heraldlink.sequences.waveforms import Drawing, draw
from heraldlink_drivers.roles import GeneratorProgram, Step, Waveform


def generator_program_of(
    plan: SlotPlan, node: str, drive: NodeDrive, limits: GeneratorLimits | None = None
) -> GeneratorProgram:
    """Compile one node's program; ``limits``: of its generator, by default an AWG70002A.

    Raises ConfigurationError, one sentence for each thing that generator or time controller cannot do.
    """
    limits = limits or GeneratorLimits()
    if node not in plan.nodes:
        raise ConfigurationError(
            f"sequence {plan.name!r} has nothing for node {node!r}, only for {plan.nodes}"
        )
    check_plan(plan, limits)
    drawings = {part.name: _draw(plan, part, node, drive) for part in compiled_parts(plan)}
    found = [*drive_refusals(plan, node, drive, limits)]
    for name, drawing in drawings.items():
        found += [f"waveform {name!r} {sentence}" for sentence in drawing.beyond(drive.amplitude_Vpp)]
    if found:
        raise ConfigurationError(*(f"sequence {plan.name!r}: {sentence}" for sentence in found))
    waveforms = {name: drawing.scaled(drive.amplitude_Vpp) for name, drawing in drawings.items()}
    return GeneratorProgram(plan.name, plan.sample_rate_Hz, drive.amplitude_Vpp, waveforms, steps_of(plan))


def waveform_of(plan: SlotPlan, part_name: str, node: str, drive: NodeDrive) -> Waveform:
    """Compile the waveform of one part alone, unchecked."""
    return _draw(plan, plan.part(part_name), node, drive).scaled(drive.amplitude_Vpp)


def compiled_parts(plan: SlotPlan) -> tuple[Part, ...]:
    """Parts with a waveform: those played, and those that they jump to."""
    targets = dict.fromkeys(part.jump_to for part in plan.played if part.jump_to is not None)
    return (*plan.played, *(plan.part(name) for name in targets))


def steps_of(plan: SlotPlan) -> tuple[Step, ...]:
    """Steps of the slot: the parts in order, then one step for each jump, which leads back.

    The first step waits for trigger A, so that a jump from it leads back to a copy that does not wait.
    """
    steps = [Step(part.name, repeat=part.count) for part in plan.played]
    steps[-1] = replace(steps[-1], goto=1)
    for place, part in enumerate(plan.played):
        if part.jump_to is not None:
            target = len(steps) + 1
            again = place + 1 if place else target + 1
            steps[place] = replace(steps[place], event="B", jump_to=target)
            steps.append(Step(part.jump_to, repeat=plan.part(part.jump_to).count, goto=again))
            steps += [] if place else [steps[0]]
    return (replace(steps[0], wait="A"), *steps[1:])


def _draw(plan: SlotPlan, part: Part, node: str, drive: NodeDrive) -> Drawing:
    rate_Hz = int(plan.sample_rate_Hz)
    length = shapes.samples_of(plan.period_ps, rate_Hz)
    return draw(part.elements.get(node, ()), length, rate_Hz, drive)

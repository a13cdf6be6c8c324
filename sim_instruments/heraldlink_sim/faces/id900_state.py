# SPDX-License-Identifier: Apache-2.0
"""What the world sees of an ID900: its settings resolved to physical inputs, delays and gates.

The world's words are narrower than the device's: a combiner appears only if it passes events inside a
window that START opens and closes, and mutes the rest; DELAy blocks in its paths appear as delays of the
inputs. Any other setting still acts on tags and counters, it only drives no output.
"""

from __future__ import annotations

from collections.abc import Iterable

from heraldlink_sim.faces.id900_settings import WORLD_INPUTS, Settings
from heraldlink_sim.faces.id900_tagger import CombinerSetting, Operation, TaggerSettings
from heraldlink_sim.world import rack


def describe(settings: Settings, block: str | None = None) -> str:
    """Return commands that restore a block, or all of them, one line each (``STATe?``)."""
    if block is None:
        return "\n".join(describe(settings, name) for name in settings.blocks)
    commands: list[str] = []
    branch = [""]
    for row, written in settings.written(block).items():
        *path, node = [block, *row.split(":")]
        commands.append(f"{node} {written}" if path == branch else f":{':'.join((*path, node))} {written}")
        branch = path
    return ";".join(commands).removeprefix(":")


def world_state(settings: Settings, armed: bool, locked: bool = True) -> rack.TaggerState:
    """Return the frozen state; ``locked``: the external 10 MHz is there."""
    graph = settings.graph()
    combiners = {
        n: seen for n in range(1, 25) if (seen := _combiner(graph, graph.combiners[f"TSCO{n}"])) is not None
    }
    return rack.TaggerState(
        inputs={
            world: rack.TaggerInput(i.sees_pulses and i.outside, i.threshold_V, i.rising)
            for name, world in WORLD_INPUTS.items()
            for i in (graph.inputs[name],)
        },
        combiners=combiners,
        raw={n: raw for n in range(1, 5) if (raw := _raw(settings, graph, n)) is not None},
        outputs={n: _output(settings, graph, n) for n in range(1, 5)},
        record=rack.RecordState(armed, settings.number("REC", "DUR")),
        delays_ps=_delays(graph, combiners),
        reference_external=locked and settings.text("DEVI", "SYNC") == "EXTERNAL",
    )


def _path(graph: TaggerSettings, source: str | None) -> tuple[str | None, int]:
    """Follow delay blocks back to what they delay, and sum them; combiners keep their name."""
    delay_ps, seen = 0, set[str]()
    while source is not None and source in graph.delays and source not in seen:
        seen.add(source)
        delay_ps += graph.delays[source].delay_ps
        source = graph.delays[source].source
    return (WORLD_INPUTS.get(source, source) if source else None), delay_ps


def _name(graph: TaggerSettings, source: str | None) -> str | None:
    return _path(graph, source)[0]


def _delays(graph: TaggerSettings, combiners: Iterable[int]) -> dict[str, int]:
    """Return the delays of the inputs on their way into the combiners that the world sees."""
    delays: dict[str, int] = {}
    for number in combiners:
        setting = graph.combiners[f"TSCO{number}"]
        for source in (setting.first, setting.second, setting.begin.source):
            name, delay_ps = _path(graph, source)
            if name is not None and delay_ps:
                delays[name] = delay_ps
    return delays


def _combiner(graph: TaggerSettings, setting: CombinerSetting) -> rack.Combiner | None:
    edges = {_name(graph, setting.begin.source), _name(graph, setting.end.source)}
    if not setting.windowed or edges != {rack.START} or setting.outside is not Operation.MUTE:
        return None
    first, second = _name(graph, setting.first), _name(graph, setting.second)
    passed = {
        Operation.OR: (first, second),
        Operation.ONLY_FIRST: (first, first),
        Operation.ONLY_SECOND: (second, second),
    }.get(setting.inside, (None, None))
    one, two = passed[0] or passed[1], passed[1] or passed[0]
    if one is None or two is None:
        return None
    return rack.Combiner(one, two, setting.begin.delay_ps, setting.end.delay_ps)


def _raw(settings: Settings, graph: TaggerSettings, number: int) -> rack.RawLink | None:
    source = _name(graph, settings.text(f"RAW{number}", "STOP:LINK"))
    if source is None or not settings.on(f"RAW{number}", "SEND"):
        return None
    return rack.RawLink(source, _name(graph, settings.text(f"RAW{number}", "REF:LINK")))


def _output(settings: Settings, graph: TaggerSettings, number: int) -> rack.TaggerOutput:
    name = f"OUTP{number}"
    source = _name(graph, settings.text(name, "LINK"))
    return rack.TaggerOutput(settings.on(name, "ENAB"), source, settings.number(name, "DELA"))

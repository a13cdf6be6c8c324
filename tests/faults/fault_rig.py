# SPDX-License-Identifier: Apache-2.0
"""One served instrument with its faults, and the drivers of four protocols with two readings each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heraldlink_drivers import (
    IDQuantiqueID900,
    KeysightN7764A,
    SantecTSL570,
    SingleQuantumEOS,
)
from heraldlink_drivers.bluefors import BlueforsController
from heraldlink_drivers.single_quantum_retina import SingleQuantumRetina
from heraldlink_drivers.toptica_dlcpro import TopticaDLCpro
from heraldlink_sim.cabinet import Instrument, switch_on
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faults import FaultConfig, Faults
from heraldlink_sim.faults.strikes import Injected
from heraldlink_sim.model import Place, find_model
from heraldlink_sim.transport import EventLoopThread


class Rig:
    """``rig.fault("delay", delay_s=1)``, ``rig.heal()``; ``face`` and ``addresses`` of the instrument."""

    def __init__(self, loop: EventLoopThread, model: str, name: str, settings: Mapping[str, Any]) -> None:
        self.loop, self.name, self.time_s = loop, name, 0.0
        found = find_model(model)
        config = found.config(model=model, **settings)
        self.instrument: Instrument = switch_on(name, found, config, Place(f"SIM-{name}", SteppedClock()))
        self.face: Any = self.instrument.face
        self.faults = Faults({name: self.instrument}, lambda: self.time_s)
        self._listening = loop.run(self.instrument.serve(self.faults.line(name), "127.0.0.1"))
        self.addresses = self._listening.addresses
        self.faults.attach(name, self._listening.listeners)

    def fault(self, kind: str, **options: Any) -> Injected:
        async def add() -> Injected:
            return self.faults.add(self.name, FaultConfig.model_validate({"kind": kind, **options}))

        return self.loop.run(add())

    def heal(self) -> None:
        async def healed() -> None:
            self.faults.heal()

        self.loop.run(healed())

    def look(self) -> None:
        async def looked() -> None:
            self.faults.look()

        self.loop.run(looked())

    def close(self) -> None:
        for listener in self._listening.listeners:
            self.loop.run(listener.close())


@dataclass(frozen=True)
class Case:
    """A driver, a reading with its value at power-on, the messages that ask for it, and another reading."""

    model: str
    name: str
    connect: Callable[[Mapping[str, str]], Any]
    read: Callable[[Any], Any]
    match: str
    other: Callable[[Any], Any]


TIMEOUT_s = 0.5

CASES = [
    Case(
        "Santec TSL-570",
        "laser",
        lambda at: SantecTSL570("laser", at["laser"], visalib="@py", timeout=TIMEOUT_s),
        lambda laser: laser.wavelength_m(),
        "*WAV?",
        lambda laser: laser.shutter_open(),
    ),
    Case(
        "Keysight N7764A",
        "voa",
        lambda at: KeysightN7764A("voa", at["voa"], visalib="@py", timeout=TIMEOUT_s),
        lambda voa: voa.attenuation_dB(1),
        "*INP1:ATT?",
        lambda voa: voa.is_open(2),
    ),
    Case(
        "ID Quantique ID900",
        "tc",
        lambda at: IDQuantiqueID900("tc", at["tc"], datalink=at["tc.datalink"], timeout=TIMEOUT_s),
        lambda tc: tc.inputs[0].threshold.get(),
        "*INPU1:THRE?",
        lambda tc: tc.inputs[1].enabled.get(),
    ),
    Case(
        "TOPTICA DLC pro",
        "dlc",
        lambda at: TopticaDLCpro("dlc", at["dlc"], monitoring=at["dlc.monitoring"], timeout=TIMEOUT_s),
        lambda dlc: dlc.wavelength_m(),
        "*wavelength-set*",
        lambda dlc: dlc.shutter_open(),
    ),
    Case(
        "Bluefors",
        "fridge",
        lambda at: BlueforsController("fridge", at["fridge"], timeout=TIMEOUT_s),
        lambda fridge: fridge.value("mapper.bf.pressures.p1")["status"],
        "*p1*",
        lambda fridge: fridge.value("mapper.bf.pressures.p2")["status"],
    ),
    Case(
        "Single Quantum Retina",
        "retina",
        lambda at: SingleQuantumRetina("retina", at["retina"], timeout=TIMEOUT_s),
        lambda retina: retina.trigger_level_V(),
        "*api*",
        lambda retina: retina.enabled(),
    ),
    Case(
        "Single Quantum EOS",
        "eos",
        lambda at: SingleQuantumEOS("eos", at["eos"], counts=at["eos.counts"], timeout=TIMEOUT_s),
        lambda eos: eos.trigger_level_V(),
        "*labelProps*",
        lambda eos: eos.enabled(),
    ),
]

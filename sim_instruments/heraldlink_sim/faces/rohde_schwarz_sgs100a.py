# SPDX-License-Identifier: Apache-2.0
"""Face of the Rohde & Schwarz SGS100A vector source, 1 MHz to 12.75 GHz (20 GHz with the SGU100A).

Commands after the R&S SGS100A user manual and the qcodes driver; answers are in the short form, in capitals.
``SOUR:ROSC:SOUR EXT`` puts the source on the common 10 MHz; after ``*RST`` it runs on its own.
"""

import math
from typing import ClassVar

from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import Boolean, Choice, Number, ScpiDevice, Setting, command, query
from heraldlink_sim.world.rack import MicrowaveState

_REFERENCE = ("10MHz", "100MHz", "1000MHz")
_SPELLING = {"10MH": "10MHZ", "100MH": "100MHZ", "1000MH": "1000MHZ"}
_PULSE = "[SOURce]:PULM"
_IMPAIRMENT = "[SOURce]:IQ:IMPairment"


class RohdeSchwarzSGS100A(ScpiDevice):
    """One instrument; see the module's text."""

    identity: ClassVar[str] = "Rohde&Schwarz,SGS100A,1416.0505k02/SIM-0001,3.1.19.15-3.20.390.24"
    options: ClassVar[str] = "SGS-B1,SGS-B106V,SGS-B112V,SGS-B26,SGS-K22,SGS-K90"

    output = Setting("OUTPut[:STATe]", Boolean())
    power_on_state = Setting("OUTPut:PON", Choice("OFF", "UNCHanged"))
    frequency_Hz = Setting("[SOURce]:FREQuency[:CW]", Number(1e6, 20e9, default=1e9, unit="HZ"))
    phase_deg = Setting("[SOURce]:PHASe", Number(-36000, 36000, default=0, unit="DEG"))
    power_dBm = Setting(
        "[SOURce]:POWer[:LEVel][:IMMediate][:AMPLitude]", Number(-120, 25, default=-30, unit="DBM")
    )
    operation_mode = Setting("[SOURce]:OPMode", Choice("NORMal", "BBBYpass"))

    iq_state = Setting("[SOURce]:IQ:STATe", Boolean())
    iq_wideband = Setting("[SOURce]:IQ:WBSTate", Boolean())
    iq_crest_dB = Setting("[SOURce]:IQ:CREStfactor", Number(0, 80, default=0, unit="DB"))
    impaired = Setting(f"{_IMPAIRMENT}[:STATe]", Boolean())
    leakage_i = Setting(f"{_IMPAIRMENT}:LEAKage:I", Number(-10, 10, default=0, unit="PCT"))
    leakage_q = Setting(f"{_IMPAIRMENT}:LEAKage:Q", Number(-10, 10, default=0, unit="PCT"))
    imbalance_dB = Setting(f"{_IMPAIRMENT}:IQRatio[:MAGNitude]", Number(-1, 1, default=0, unit="DB"))
    quadrature_deg = Setting(f"{_IMPAIRMENT}:QUADrature[:ANGLe]", Number(-8, 8, default=0, unit="DEG"))

    reference = Setting("[SOURce]:ROSCillator:SOURce", Choice("INTernal", "EXTernal"))
    reference_input = Setting(
        "[SOURce]:ROSCillator:EXTernal:FREQuency", Choice(*_REFERENCE, answers=_SPELLING)
    )
    reference_bandwidth = Setting(
        "[SOURce]:ROSCillator:EXTernal:SBANdwidth", Choice("NARRow", "WIDE", default="WIDE")
    )
    reference_output = Setting(
        "[SOURce]:ROSCillator:OUTPut:FREQuency", Choice(*_REFERENCE, answers=_SPELLING)
    )
    local_oscillator = Setting("[SOURce]:LOSCillator:SOURce", Choice("INTernal", "EXTernal"))
    reference_connector = Setting("CONNector:REFLo:OUTPut", Choice("REF", "LO", "OFF"))
    trigger_connector = Setting(
        "CONNector:TRIGger:OMODe", Choice("SVALid", "SNVALid", "PVOut", "PETrigger", "PEMSource")
    )

    pulse = Setting(f"{_PULSE}:STATe", Boolean())
    pulse_source = Setting(f"{_PULSE}:SOURce", Choice("INTernal", "EXTernal"))
    pulse_mode = Setting(f"{_PULSE}:MODE", Choice("SINGle", "DOUBle"))
    pulse_polarity = Setting(f"{_PULSE}:POLarity", Choice("NORMal", "INVerted"))
    pulse_period_s = Setting(f"{_PULSE}:PERiod", Number(100e-9, 100, default=10e-6, unit="S"))
    pulse_width_s = Setting(f"{_PULSE}:WIDTh", Number(20e-9, 100, default=2e-6, unit="S"))
    pulse_delay_s = Setting(f"{_PULSE}:DELay", Number(0, 100, default=0, unit="S"))
    double_delay_s = Setting(f"{_PULSE}:DOUBle:DELay", Number(40e-9, 100, default=1e-6, unit="S"))
    double_width_s = Setting(f"{_PULSE}:DOUBle:WIDTh", Number(20e-9, 100, default=1e-6, unit="S"))
    pulse_trigger = Setting(f"{_PULSE}:TRIGger:MODE", Choice("AUTO", "EXTernal", "EGATe"))
    pulse_impedance = Setting(f"{_PULSE}:TRIGger:EXTernal:IMPedance", Choice("G50", "G10K"))
    pulse_slope = Setting(
        f"{_PULSE}:TRIGger:EXTernal:SLOPe", Choice("NEGative", "POSitive", default="POSitive")
    )
    pulse_gate = Setting(f"{_PULSE}:TRIGger:EXTernal:GATE:POLarity", Choice("NORMal", "INVerted"))

    def __init__(self, serial: str = "SIM-0001") -> None:
        super().__init__()
        self._identity = self.identity.replace("SIM-0001", serial)

    def state(self) -> MicrowaveState:
        """What arrived over the wire."""
        return MicrowaveState(
            output_on=self.output.get(),
            frequency_Hz=self.frequency_Hz.get(),
            power_dBm=self.power_dBm.get(),
            phase_rad=math.radians(self.phase_deg.get()),
            reference_external=self.reference.get() == "EXT",
        )

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity

    @query("CALibration:ALL[:MEASure]")
    def _calibrate(self) -> str:
        return "0"

    @command("SYSTem:PRESet")
    def _preset(self) -> None:
        self.reset()


def _make(place: Place, config: InstrumentConfig) -> RohdeSchwarzSGS100A:
    return RohdeSchwarzSGS100A(place.serial)


MODEL = Model("R&S SGS100A", "microwave", _make, scpi_server())

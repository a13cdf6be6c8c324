# SPDX-License-Identifier: Apache-2.0
"""I/Q and pulse modulation of the R&S SGS100A, each behind the option that it needs."""

from abc import ABC, abstractmethod

from heraldlink_sim.scpi import Boolean, Choice, Number, ScpiDevice, ScpiError, Setting

_PULSE = "[SOURce]:PULM"
_IMPAIRMENT = "[SOURce]:IQ:IMPairment"

PULSE_OPTION = "SGS-K22"


class Modulation(ScpiDevice, ABC):
    """Settings of the modulators; a subclass says which options it ``has``."""

    iq_state = Setting("[SOURce]:IQ:STATe", Boolean())
    iq_wideband = Setting("[SOURce]:IQ:WBSTate", Boolean())
    iq_crest_dB = Setting("[SOURce]:IQ:CREStfactor", Number(0, 80, default=0, unit="DB"))
    iq_swapped = Setting("[SOURce]:IQ:SWAP[:STATe]", Boolean())
    impaired = Setting(f"{_IMPAIRMENT}[:STATe]", Boolean())
    leakage_i = Setting(f"{_IMPAIRMENT}:LEAKage:I", Number(-10, 10, default=0, unit="PCT"))
    leakage_q = Setting(f"{_IMPAIRMENT}:LEAKage:Q", Number(-10, 10, default=0, unit="PCT"))
    imbalance_dB = Setting(f"{_IMPAIRMENT}:IQRatio[:MAGNitude]", Number(-1, 1, default=0, unit="DB"))
    quadrature_deg = Setting(f"{_IMPAIRMENT}:QUADrature[:ANGLe]", Number(-8, 8, default=0, unit="DEG"))

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

    @abstractmethod
    def has(self, option: str) -> bool:
        """Whether an option is installed."""

    @property
    @abstractmethod
    def has_modulator(self) -> bool:
        """Whether the source is the version with an I/Q modulator (its RF option ends with V)."""

    @iq_state.guard
    def _needs_modulator(self, on: bool) -> None:
        if on and not self.has_modulator:
            raise ScpiError(-241, "I/Q modulator")

    @pulse.guard
    def _needs_pulse(self, on: bool) -> None:
        if on and not self.has(PULSE_OPTION):
            raise ScpiError(-241, PULSE_OPTION)

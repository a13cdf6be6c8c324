# SPDX-License-Identifier: Apache-2.0
"""Edges, outputs and prescaler of a DG645, and its settings that belong to none of them."""

from typing import TYPE_CHECKING, Literal, Self

from qcodes import validators as vals
from qcodes.instrument import InstrumentBaseKWArgs, InstrumentChannel
from qcodes.parameters import Parameter

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from heraldlink_drivers.stanford_dg645 import StanfordDG645

Output = Literal["T0", "AB", "CD", "EF", "GH"]
OUTPUTS: tuple[Output, ...] = ("T0", "AB", "CD", "EF", "GH")
EDGES = ("T0", "T1", "A", "B", "C", "D", "E", "F", "G", "H")
INHIBITED = {"nothing": "0", "triggers": "1", "AB": "2", "AB CD": "3", "AB CD EF": "4", "AB CD EF GH": "5"}
_SWITCH = {True: "1", False: "0"}


class DG645Edge(InstrumentChannel["StanfordDG645"]):
    """One edge (A..H): where it is after another edge."""

    def __init__(
        self, parent: "StanfordDG645", name: str, edge: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, **kwargs)
        self.number = EDGES.index(edge)
        self.delay: Parameter[float, Self] = self.add_parameter(
            "delay",
            label=f"Delay of edge {edge}",
            unit="s",
            get_cmd=self._get_delay,
            set_cmd=self._set_delay,
            vals=vals.Numbers(-2000, 2000),
        )
        """Delay (s) after the edge it is linked to, in steps of 5 ps."""
        self.link: Parameter[str, Self] = self.add_parameter(
            "link",
            label=f"Reference of edge {edge}",
            get_cmd=f"LINK?{self.number}",
            set_cmd=f"LINK {self.number},{{}}",
            val_mapping={name: str(number) for number, name in enumerate(EDGES) if name != "T1"},
        )
        """Edge from which the delay counts: "T0" or "A" to "H"."""

    def position(self) -> tuple[str, float]:
        """Edge from which the delay counts, and the delay (s), in one query."""
        reference, delay = self.ask(f"DLAY?{self.number}").split(",")
        return EDGES[int(reference)], float(delay)

    def move(self, reference: str, delay_s: float) -> None:
        """Link to a reference edge with a delay (s), in one command."""
        self.write(f"DLAY {self.number},{EDGES.index(reference)},{delay_s:.12f}")

    def _get_delay(self) -> float:
        return self.position()[1]

    def _set_delay(self, delay_s: float) -> None:
        self.move(self.position()[0], delay_s)


class DG645Output(InstrumentChannel["StanfordDG645"]):
    """One output (T0, AB, CD, EF, GH): its levels."""

    def __init__(
        self, parent: "StanfordDG645", name: str, output: Output, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, **kwargs)
        number = OUTPUTS.index(output)
        self.amplitude: Parameter[float, Self] = self.add_parameter(
            "amplitude",
            label=f"Amplitude of {output}",
            unit="V",
            get_cmd=f"LAMP?{number}",
            set_cmd=f"LAMP {number},{{:.2f}}",
            get_parser=float,
            vals=vals.Numbers(0.5, 5.0),
        )
        """Step between the levels (V) into 50 ohm, 0.5 to 5 V."""
        self.offset: Parameter[float, Self] = self.add_parameter(
            "offset",
            label=f"Offset of {output}",
            unit="V",
            get_cmd=f"LOFF?{number}",
            set_cmd=f"LOFF {number},{{:.2f}}",
            get_parser=float,
            vals=vals.Numbers(-2.0, 2.0),
        )
        """Low level (V) into 50 ohm."""
        self.polarity: Parameter[str, Self] = self.add_parameter(
            "polarity",
            label=f"Polarity of {output}",
            get_cmd=f"LPOL?{number}",
            set_cmd=f"LPOL {number},{{}}",
            val_mapping={"negative": "0", "positive": "1"},
        )
        """Whether the pulse goes up ("positive") or down."""
        self.prescale: Parameter[int, Self] = self.add_parameter(
            "prescale",
            label=f"Prescale factor of {'the trigger' if number == 0 else output}",
            get_cmd=f"PRES?{number}",
            set_cmd=f"PRES {number},{{}}",
            get_parser=int,
            vals=vals.Ints(1, 2**31 - 1),
        )
        """With advanced triggering one cycle in so many comes out here; T0: one trigger in so many counts."""
        if number:
            self._add_phase(number)

    def _add_phase(self, number: int) -> None:
        self.prescale_phase: Parameter[int, Self] = self.add_parameter(
            "prescale_phase",
            label="Which cycle comes out",
            get_cmd=f"PHAS?{number}",
            set_cmd=f"PHAS {number},{{}}",
            get_parser=int,
            vals=vals.Ints(0, 2**31 - 2),
        )
        """Which of the prescaled cycles comes out, from 0."""


class DG645Trigger(InstrumentChannel["StanfordDG645"]):
    """Trigger: rate of the internal one, holdoff, inhibit, advanced triggering."""

    def __init__(self, parent: "StanfordDG645", name: str, **kwargs: "Unpack[InstrumentBaseKWArgs]") -> None:
        super().__init__(parent, name, **kwargs)
        self.rate: Parameter[float, Self] = self.add_parameter(
            "rate",
            label="Internal trigger rate",
            unit="Hz",
            get_cmd="TRAT?",
            set_cmd="TRAT {:.6f}",
            get_parser=float,
            vals=vals.Numbers(1e-4, 1e7),
        )
        """Rate (Hz) of the internal trigger, 100 uHz to 10 MHz."""
        self.advanced: Parameter[bool, Self] = self.add_parameter(
            "advanced",
            label="Advanced triggering",
            get_cmd="ADVT?",
            set_cmd="ADVT {}",
            val_mapping=_SWITCH,
        )
        """Whether holdoff and prescalers work."""
        self.holdoff: Parameter[float, Self] = self.add_parameter(
            "holdoff",
            label="Trigger holdoff",
            unit="s",
            get_cmd="HOLD?",
            set_cmd="HOLD {:.12f}",
            get_parser=float,
            vals=vals.Numbers(0, 1000),
        )
        """Time (s) between triggers that count, at least."""
        self.inhibit: Parameter[str, Self] = self.add_parameter(
            "inhibit",
            label="What the inhibit input holds back",
            get_cmd="INHB?",
            set_cmd="INHB {}",
            val_mapping=INHIBITED,
        )
        """What the inhibit input at the back holds back: nothing, triggers, or outputs."""


class DG645Burst(InstrumentChannel["StanfordDG645"]):
    """Burst: several cycles to a trigger."""

    def __init__(self, parent: "StanfordDG645", name: str, **kwargs: "Unpack[InstrumentBaseKWArgs]") -> None:
        super().__init__(parent, name, **kwargs)
        self.enabled: Parameter[bool, Self] = self.add_parameter(
            "enabled", label="Burst mode", get_cmd="BURM?", set_cmd="BURM {}", val_mapping=_SWITCH
        )
        """Whether a trigger starts a burst."""
        self.count: Parameter[int, Self] = self.add_parameter(
            "count",
            label="Cycles of a burst",
            get_cmd="BURC?",
            set_cmd="BURC {}",
            get_parser=int,
            vals=vals.Ints(1, 2**32 - 1),
        )
        """Cycles of a burst."""
        self.period: Parameter[float, Self] = self.add_parameter(
            "period",
            label="Period in a burst",
            unit="s",
            get_cmd="BURP?",
            set_cmd="BURP {:.12f}",
            get_parser=float,
            vals=vals.Numbers(100e-9, 2000 - 10e-9),
        )
        """Time (s) from one cycle to the next, 100 ns to 2000 s."""
        self.delay: Parameter[float, Self] = self.add_parameter(
            "delay",
            label="Delay of a burst",
            unit="s",
            get_cmd="BURD?",
            set_cmd="BURD {:.12f}",
            get_parser=float,
            vals=vals.Numbers(0, 2000 - 10e-9),
        )
        """Time (s) from the trigger to the first cycle."""
        self.first_T0_only: Parameter[bool, Self] = self.add_parameter(
            "first_T0_only",
            label="T0 at the first cycle only",
            get_cmd="BURT?",
            set_cmd="BURT {}",
            val_mapping=_SWITCH,
        )
        """Whether T0 pulses at the first cycle of a burst only."""

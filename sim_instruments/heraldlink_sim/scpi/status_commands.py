# SPDX-License-Identifier: Apache-2.0
"""The STATus subsystem (SCPI-1999 volume 2, chapter 20): two registers with event, mask and filters."""

from heraldlink_sim.scpi.declare import command, query
from heraldlink_sim.scpi.engine import ScpiEngine
from heraldlink_sim.scpi.status import ALL_BITS
from heraldlink_sim.scpi.values import Integer


class StatusCommands(ScpiEngine):
    """OPERation and QUEStionable status."""

    @command("STATus:PRESet")
    def _preset_status(self) -> None:
        self.status.operation.preset()
        self.status.questionable.preset()

    @query("STATus:OPERation[:EVENt]")
    def _operation_event(self) -> int:
        return self.status.operation.take_event()

    @query("STATus:OPERation:CONDition")
    def _operation_condition(self) -> int:
        return self.status.operation.condition

    @command("STATus:OPERation:ENABle", Integer(0, 0xFFFF))
    def _set_operation_enable(self, mask: int) -> None:
        self.status.operation.enable = mask & ALL_BITS

    @query("STATus:OPERation:ENABle")
    def _operation_enable(self) -> int:
        return self.status.operation.enable

    @command("STATus:OPERation:PTRansition", Integer(0, 0xFFFF))
    def _set_operation_positive(self, mask: int) -> None:
        self.status.operation.positive = mask & ALL_BITS

    @query("STATus:OPERation:PTRansition")
    def _operation_positive(self) -> int:
        return self.status.operation.positive

    @command("STATus:OPERation:NTRansition", Integer(0, 0xFFFF))
    def _set_operation_negative(self, mask: int) -> None:
        self.status.operation.negative = mask & ALL_BITS

    @query("STATus:OPERation:NTRansition")
    def _operation_negative(self) -> int:
        return self.status.operation.negative

    @query("STATus:QUEStionable[:EVENt]")
    def _questionable_event(self) -> int:
        return self.status.questionable.take_event()

    @query("STATus:QUEStionable:CONDition")
    def _questionable_condition(self) -> int:
        return self.status.questionable.condition

    @command("STATus:QUEStionable:ENABle", Integer(0, 0xFFFF))
    def _set_questionable_enable(self, mask: int) -> None:
        self.status.questionable.enable = mask & ALL_BITS

    @query("STATus:QUEStionable:ENABle")
    def _questionable_enable(self) -> int:
        return self.status.questionable.enable

    @command("STATus:QUEStionable:PTRansition", Integer(0, 0xFFFF))
    def _set_questionable_positive(self, mask: int) -> None:
        self.status.questionable.positive = mask & ALL_BITS

    @query("STATus:QUEStionable:PTRansition")
    def _questionable_positive(self) -> int:
        return self.status.questionable.positive

    @command("STATus:QUEStionable:NTRansition", Integer(0, 0xFFFF))
    def _set_questionable_negative(self, mask: int) -> None:
        self.status.questionable.negative = mask & ALL_BITS

    @query("STATus:QUEStionable:NTRansition")
    def _questionable_negative(self) -> int:
        return self.status.questionable.negative

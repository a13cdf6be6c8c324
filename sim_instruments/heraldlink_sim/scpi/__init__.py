# SPDX-License-Identifier: Apache-2.0
"""SCPI for simulated instruments; :mod:`heraldlink_sim.scpi.device` tells how to declare one."""

from heraldlink_sim.scpi.channels import ChannelList
from heraldlink_sim.scpi.declare import Setting, command, query
from heraldlink_sim.scpi.device import ScpiDevice
from heraldlink_sim.scpi.errors import ErrorQueue, ScpiError
from heraldlink_sim.scpi.exchange import MessageExchange
from heraldlink_sim.scpi.framing import Session
from heraldlink_sim.scpi.memories import Memories
from heraldlink_sim.scpi.values import (
    Block,
    Boolean,
    Choice,
    Integer,
    Number,
    Optional,
    Rest,
    Text,
    block,
    nr1,
    nr2,
    nr3,
)

__all__ = [
    "Block",
    "Boolean",
    "ChannelList",
    "Choice",
    "ErrorQueue",
    "Integer",
    "Memories",
    "MessageExchange",
    "Number",
    "Optional",
    "Rest",
    "ScpiDevice",
    "ScpiError",
    "Session",
    "Setting",
    "Text",
    "block",
    "command",
    "nr1",
    "nr2",
    "nr3",
    "query",
]

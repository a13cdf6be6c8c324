# SPDX-License-Identifier: Apache-2.0
"""What a client reads through a node: parameters, tags, and what instruments say after a doubtful command.

It is asked of the worker when nothing else waits, so that readers hold no request up.
"""

import time
from typing import Protocol

import msgspec

from heraldlink.agent.command_port import Question
from heraldlink.agent.desk import MOST_ASIDE, Desk, OnReply
from heraldlink.agent.lease import Refused
from heraldlink.messages.command import Err, FetchTags, Tags
from heraldlink.messages.header import Body, Message
from heraldlink.messages.lease import Reading, ReadParameter
from heraldlink.messages.values import CommandCode, ErrorCode
from heraldlink.messages.worker import Fault, ReadBack, ReadBacks, ReadOne, ReadTags, TagArrays, Value


class Answering(Protocol):
    """The node, as far as reading needs it."""

    name: str

    @property
    def desk(self) -> Desk:
        """The desk in front of the worker."""
        ...

    def broken(self, device: str, reason: str) -> None:
        """What is under way cannot go on."""
        ...

    def answer(self, question: Question, body: Body, arrays: tuple[bytes, ...] = ()) -> bool:
        """Answer a question, and keep the answer of a command."""
        ...

    def say(self, question: Question, body: Body) -> bool:
        """Send a message to where a question came from."""
        ...


def read(node: Answering, question: Question, body: ReadParameter) -> None:
    """One parameter of an instrument, between the calls of a request."""

    def done(message: Message) -> None:
        match message.body:
            case Value() as found:
                node.answer(question, Reading(body.instrument, body.parameter, found.value, found.unit))
            case Fault() as fault:
                code: ErrorCode | CommandCode = "OTHER" if fault.device else "BAD_REQUEST"
                node.answer(question, Err(code, fault.reason, node.name, fault.device))
                if fault.process_lost:
                    node.broken(fault.device, fault.reason)
            case _:
                pass

    _ask(node, question, ReadOne(body.instrument, body.parameter), done)


def fetch(node: Answering, question: Question, body: FetchTags) -> None:
    """Recorded tags of a request, between the calls of others."""

    def done(message: Message) -> None:
        match message.body:
            case TagArrays() as found:
                node.answer(question, Tags(node.name, found.streams, found.describe), message.arrays)
            case Fault() as fault:
                node.answer(question, Err("NORES", fault.reason, node.name, fault.device))
            case _:
                pass

    _ask(node, question, ReadTags(body.request), done)


def _ask(node: Answering, question: Question, body: Body, done: OnReply) -> None:
    if not node.desk.ask_aside(body, done, time.monotonic()):
        reason = f"node {node.name} has {MOST_ASIDE} reads waiting: ask more slowly"
        node.answer(question, Err("LIMIT", reason, node.name))


def refuse(node: Answering, question: Question, refusal: Refused) -> None:
    """Answer that it is not done; where that is not known, with what the instruments say."""
    error = Err(refusal.code, refusal.reason, node.name, facts=refusal.facts)
    if refusal.code != "INDETERMINATE":
        node.answer(question, error)
        return

    def done(message: Message) -> None:
        facts = message.body.values if isinstance(message.body, ReadBacks) else {}
        node.say(question, msgspec.structs.replace(error, facts=facts))

    node.desk.ask_aside(ReadBack(), done, time.monotonic())

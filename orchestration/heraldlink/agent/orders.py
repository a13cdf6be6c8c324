# SPDX-License-Identifier: Apache-2.0
"""What a node does when its supervisor speaks."""

from typing import Protocol

from heraldlink.agent.ending import Ending
from heraldlink.agent.oversight import Oversight
from heraldlink.agent.warden import AT_ONCE_S, PATIENCE_S, Warden
from heraldlink.messages.oversight import Helped, Obeyed, Order


class Ordered(Protocol):
    """The node, as far as orders concern it."""

    warden: Warden
    ending: Ending

    def break_off(self, reason: str) -> None:
        """End everything now; the node is not prepared any more."""
        ...


def obey(node: Ordered, oversight: Oversight) -> None:
    """Take what the supervisor has said; one that is gone ends the node."""
    for word in oversight.heard():
        match word:
            case Helped():
                node.warden.helped(word)
            case Order(kind="drain", reason=reason):
                node.ending.ask(reason)
            case Order():
                _carry_out(node, oversight, word)
            case _:
                pass
    if oversight.lost:
        node.warden.helper_lost()
        node.ending.ask("the node's supervisor is gone", at_once=True)


def _carry_out(node: Ordered, oversight: Oversight, order: Order) -> None:
    def then(ok: bool, how: str, outcomes: dict[str, str]) -> None:
        state = node.warden.state.value
        oversight.say(Obeyed(order.number, ok, how, state, outcomes))

    if order.kind == "clear":
        node.warden.clear(order.reason, then)
        return
    what = "stopped" if order.kind == "stop" else "aborted"
    reason = f"{what} by {order.who}" + (f": {order.reason}" if order.reason else "")
    latch = reason if order.kind == "stop" else ""
    node.warden.park(
        reason, then=then, patience_s=AT_ONCE_S if order.kind == "stop" else PATIENCE_S, latch=latch
    )
    node.break_off(reason)

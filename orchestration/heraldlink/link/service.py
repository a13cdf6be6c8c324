# SPDX-License-Identifier: Apache-2.0
"""What a node takes on: which requests it refuses before anything is asked of others, and why."""

from heraldlink.link.end_state import EndState
from heraldlink.messages.command import Err
from heraldlink.messages.values import Demand

DEMOLISHED = (
    "its readout counts photons of the qubit and leaves nothing of it, and there is no memory to keep a pair"
    " in: ask for type M"
)


def refusal(state: EndState, remote: str, demand: Demand) -> Err | None:
    """Why the node of the asking client refuses at once; None if it does not."""
    if remote != state.peer:
        reason = f"node {state.node} has no link to {remote!r}; its peer is {state.peer!r}"
        return Err("CREATE", reason, state.node)
    if not state.prepared:
        return Err("NORES", f"node {state.node} is not prepared: prepare it first", state.node)
    return unsupported(state, demand, keeps=demand.type == "K")


def peer_refusal(state: EndState, demand: Demand) -> Err | None:
    """Why the other node refuses a request of its peer; None if it takes it."""
    if demand.purpose_id not in state.purposes:
        reason = (
            f"node {state.node} takes no requests of {state.peer} for purpose {demand.purpose_id}:"
            " open it there (RECEIVE) or in its file (purposes)"
        )
        return Err("REJECTED", reason, state.node)
    return unsupported(state, demand, keeps=demand.type in ("K", "R"))


def unsupported(state: EndState, demand: Demand, *, keeps: bool) -> Err | None:
    """UNSUPP of a request that this node would have to keep qubits for, if it cannot."""
    if not keeps:
        return None
    if state.qubits == 0:
        return Err("UNSUPP", f"node {state.node} cannot keep a qubit: {DEMOLISHED}", state.node)
    if demand.atomic and demand.number > state.qubits:
        reason = f"node {state.node} has {state.qubits} qubits, not {demand.number} at the same time (atomic)"
        return Err("UNSUPP", reason, state.node)
    return None

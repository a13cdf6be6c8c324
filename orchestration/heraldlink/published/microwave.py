# SPDX-License-Identifier: Apache-2.0
"""What the two rows of microwave links share: links without one of their faults, and their statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from heraldlink_physics.chsh import WrongReads
from heraldlink_physics.microwave_link import MicrowaveLink, MicrowaveNode
from heraldlink_physics.microwave_transfer import transfer

FOREVER_S = 1.0
"""Beyond any time in a transfer by seven orders of magnitude."""
STATEMENT = (
    "A transmon of levels g, e, f emits its second excitation f as a photon of the shape sech(κt/2); the "
    "receiver absorbs it with the same drive reversed in time; no herald. With a sender's coupling that "
    "emits φ_A(t) and a receiver's that absorbs φ_B(t), an excitation arrives with the amplitude √Λ ∫ "
    "φ_A φ_B exp(2πiδt) exp(−t/2T1f_A − (T−t)/2T1f_B) dt, Λ the photon's transmission, T the window, δ "
    "the detuning: it spends T in level f, part of it in either node. What T2 leaves after T1 dephases "
    "coherences of two histories, either as white noise, exp(−rate · time), or as slow noise that stands "
    "still during a transfer, exp(−(σ · time)²/2). Tests integrate the cascaded master equation: 2e-6 "
    "with white, 1e-5 with slow noise.",
)

Change = Callable[[MicrowaveLink], MicrowaveLink]


def both_nodes(change: Callable[[MicrowaveNode], MicrowaveNode]) -> Change:
    """A change of the link from a change of each node."""
    return lambda link: replace(link, sender=change(link.sender), receiver=change(link.receiver))


def _without_dephasing(node: MicrowaveNode) -> MicrowaveNode:
    t2_ef_s = 2 / (1 / node.t1_e_s + 1 / node.t1_f_s)
    return replace(node, t2_ge_s=2 * node.t1_e_s, t2_ef_s=t2_ef_s)


def _without_decay(node: MicrowaveNode) -> MicrowaveNode:
    """The same pure dephasing, no decay."""
    ge, ef, _ = node.dephasing_Hz
    forever = replace(node, t1_e_s=FOREVER_S, t1_f_s=FOREVER_S, t2_ge_s=FOREVER_S, t2_ef_s=FOREVER_S)
    ge, ef = ge + 0.5 / FOREVER_S, ef + 1 / FOREVER_S
    return replace(forever, t2_ge_s=1 / ge, t2_ef_s=1 / ef)


without_dephasing = both_nodes(_without_dephasing)
without_decay = both_nodes(_without_decay)
with_slow_noise = both_nodes(lambda node: replace(node, slow_noise=True))
without_misreading = both_nodes(lambda node: replace(node, readout=WrongReads()))


def without_loss(link: MicrowaveLink) -> MicrowaveLink:
    """Every photon travels from sender to receiver."""
    return replace(link, transmission=1.0)


def with_absorption(link: MicrowaveLink, absorption: float) -> MicrowaveLink:
    """The receiver takes up the share that was measured, whatever the shapes would let it."""
    return replace(link, mode_match=link.mode_match * absorption / transfer(link).absorption)

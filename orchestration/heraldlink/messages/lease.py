# SPDX-License-Identifier: Apache-2.0
"""Command channel: who commands a node, and what its instruments say; reading needs no lease."""

from heraldlink.messages.header import Body


class AcquireLease(Body, frozen=True, tag="acquire_lease"):
    """Take the node's lease for ``ttl_s`` (3..600 s), to be renewed; ``note`` says what for.

    With ``steal``, the reason, it is taken from whoever holds it after a notice of 3 s (engineers only).
    """

    note: str
    ttl_s: float = 5.0
    steal: str = ""


class RenewLease(Body, frozen=True, tag="renew_lease"):
    """Keep the lease that this message is sent under for another ttl."""


class ReleaseLease(Body, frozen=True, tag="release_lease"):
    """End the lease that this message is sent under; the node stays as it is.

    With ``force``, the reason, whatever lease is held ends and the node goes to its safe state (engineers).
    """

    force: str = ""


class GetLease(Body, frozen=True, tag="get_lease"):
    """Who holds the lease?"""


class LeaseStatus(Body, frozen=True, tag="lease"):
    """The node's lease; answers every message about leases.

    ``epoch`` is that of the last lease given; ``held`` says whether it still is, ``yours`` whether by the
    sender. ``holder`` is empty for requests without a lease. ``taken_over_by`` will have it in
    ``taken_over_in_s`` seconds.
    """

    node: str
    epoch: int
    held: bool
    yours: bool = False
    holder: str = ""
    note: str = ""
    ttl_s: float = 0.0
    left_s: float = 0.0
    taken_over_by: str = ""
    taken_over_in_s: float = 0.0


class ReadParameter(Body, frozen=True, tag="read"):
    """What is this parameter of an instrument now? Needs no lease."""

    instrument: str
    parameter: str


class Reading(Body, frozen=True, tag="reading"):
    """The parameter as the instrument has it, in ``unit`` (empty: none)."""

    instrument: str
    parameter: str
    value: bool | int | float | str
    unit: str = ""


LEASE_BODIES: tuple[type[Body], ...] = (
    AcquireLease, RenewLease, ReleaseLease, GetLease, LeaseStatus, ReadParameter, Reading,
)  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""What is shown of running nodes fails where its protection is switched off: one laboratory for all rows."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import pytest
import test_broken_messages as messages
import test_leases as leases
import test_order_faults as orders
import test_slips as slips
from fault_lab import Laboratory, shown_to_fail, unprotected

LIMIT_S = 30.0
"""For a scenario; each takes a second or two, of which a restart of a node is the most."""
Scenario = Callable[[Laboratory], None]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Nodes whose protections can be switched off while they run."""
    with Laboratory(tmp_path_factory.mktemp("bare"), switchable=True) as laboratory:
        yield laboratory


def freed(rack: Laboratory) -> None:
    """End what a scenario that failed has left behind."""
    with rack.client() as client:
        for node in client.network:
            if node.lease_status().held:
                node.free("a test is over")


def asked(rack: Laboratory, scenario: Callable[..., None], *arguments: object) -> None:
    """A scenario of messages that no client of ours would send; alice is prepared for nothing."""
    with rack.client() as client:
        client.network["alice"].park()
    with closing(messages.Asker(rack)) as asker:
        scenario(rack, asker, *arguments)


def no_number(rack: Laboratory, asker: messages.Asker) -> None:
    """A case of row 42."""
    frames, path = messages.create(number=2**64 - 1), "number"
    messages.test_a_malformed_message_is_refused_with_its_path(rack, asker, frames, path)


@pytest.mark.parametrize(
    ("nodes", "protection", "scenario", "because"),
    [
        pytest.param(
            ("midpoint",), "queue_ids", partial(
                slips.test_a_gen_that_means_something_else_is_not_played,
                change=slips.another_queue, state="FAILED", words="QUEUE_MISMATCH",
            ), "== 'FAILED'",
            marks=unprotected(20, "comparing queue ids"),
        ),
        pytest.param(
            ("alice",), "unknown_fields",
            partial(asked, scenario=messages.test_an_unknown_field_of_a_command_is_refused), "NORES",
            marks=unprotected(44, "no unknown fields"),
        ),
        pytest.param(
            ("alice",), "ranges", partial(asked, scenario=no_number), "'NORES' in",
            marks=unprotected(42, "the ranges of a CREATE's values"),
        ),
        pytest.param(
            ("alice",), "arrays",
            partial(asked, scenario=messages.test_arrays_that_lie_are_refused_at_both_ends), "isinstance",
            marks=unprotected(43, "the look at arrays that belong to nothing"),
        ),
        pytest.param(
            ("alice",), "version",
            partial(asked, scenario=messages.test_another_version_is_refused_on_both_sides), "isinstance",
            marks=unprotected(45, "the comparison of versions"),
        ),
        pytest.param(
            ("alice",), "request_ids", orders.test_an_id_used_again_gets_its_old_answer_or_none, "isinstance",
            marks=unprotected(46, "comparing a repeated command with the first one"),
        ),
        pytest.param(
            ("alice",), "epochs", leases.test_leases_do_not_outlive_the_node, "pattern did not match",
            marks=unprotected(52, "reading the last epoch from the journal"),
        ),
        pytest.param(
            ("alice",), "notice", leases.test_a_lease_is_taken_over_with_notice, "3.0 <=",
            marks=unprotected(53, "the notice before a take-over"),
        ),
        pytest.param(
            ("midpoint",), "attempt_numbers", slips.one_missed, "no herald was refused",
            marks=unprotected(70, "comparing attempt numbers"),
        ),
        pytest.param(
            ("midpoint",), "attempt_numbers", slips.test_a_miss_and_an_extra_sync_in_one_slot_are_found,
            "no herald was refused", marks=unprotected(71, "comparing attempt numbers"),
        ),
        pytest.param(
            ("midpoint",), "boot_ids", slips.wrong_boot, "== 'FAILED'",
            marks=unprotected(72, "comparing boot ids"),
        ),
    ],
)  # fmt: skip
def test_without_its_protection_it_fails(
    bare: Laboratory, nodes: tuple[str, ...], protection: str, scenario: Scenario, because: str
) -> None:
    bare.mend()
    with bare.off(protection, *nodes):
        shown_to_fail(scenario, bare, because, LIMIT_S)
    freed(bare)

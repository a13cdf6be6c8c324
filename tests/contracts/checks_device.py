# SPDX-License-Identifier: Apache-2.0
"""What every driver owes, whatever its role."""

from contract import Rig, check, switching

from heraldlink_drivers.roles import Device


@check(Device)
def tells_who_it_is(rig: Rig) -> None:
    fields = rig.role.identity().split(",")
    assert len(fields) == 4
    assert all(field.strip() for field in fields)
    assert rig.role.identity() == rig.role.identity()


@check(Device)
def holds_no_error_of_its_own_after_connecting(rig: Rig) -> None:
    rig.role.errors()  # of whoever was here before
    assert rig.role.errors() == []


@check(Device)
def reading_everything_leaves_no_error(rig: Rig) -> None:
    rig.driver.snapshot(update=True)
    assert rig.role.errors() == []


@check(Device)
@switching
def safe_state_can_be_asked_for_again_and_again(rig: Rig) -> None:
    for _ in range(3):
        rig.role.safe_state()
    assert rig.role.errors() == []

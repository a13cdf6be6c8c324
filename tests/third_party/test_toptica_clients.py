# SPDX-License-Identifier: Apache-2.0
"""Clients of the DLC pro that others wrote, unchanged: the vendor's library, and QMI's driver."""

import inspect
import threading
import time

import pytest
from qmi.core.context import QMI_Context
from qmi.instruments.toptica.dlc import Toptica_DLC
from toptica.lasersdk.client import DecopError, UserLevel
from toptica.lasersdk.dlcpro import v3_3_3 as sdk

from heraldlink_sim.faces.decop_server import serve_decop
from heraldlink_sim.faces.toptica_controller import TopticaDLCpro
from heraldlink_sim.transport import EventLoopThread

TYPES = {"Boolean": bool, "Integer": int, "Real": float, "String": str, "Binary": bytes}


@pytest.fixture
def face():
    return TopticaDLCpro("SIM-1", passwords={2: "maintain"})


@pytest.fixture
def ports(face):
    with EventLoopThread() as loop:
        server = loop.run(serve_decop(face))
        yield [int(each.rpartition(":")[2]) for each in (server.address, server.monitoring_address)]
        loop.run(server.close())


@pytest.fixture
def dlc(ports):
    with sdk.DLCpro(sdk.NetworkConnection("127.0.0.1", *ports)) as laser:
        yield laser


def parameters(node):
    """All parameters below a node of the vendor's tree."""
    for value in vars(node).values():
        if "Decop" in type(value).__name__:
            yield value
        elif type(value).__module__ == sdk.__name__:
            yield from parameters(value)


def test_every_parameter_answers_in_its_type(dlc):
    count = 0
    for parameter in parameters(dlc):
        kind = type(parameter).__name__.partition("Decop")[2]
        assert type(parameter.get()) is TYPES[kind], parameter.name
        count += 1
    assert count == 11093


BOUND_BY_RANGE = {  # a value beyond the range, or a state that forbids it
    "laser1:scan:start", "laser1:scan:end", "laser1:scan:amplitude", "laser1:scan:offset", "ul", "time"
}  # fmt: skip


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, bytes):
        return value + b"\x01"
    return value + ("x" if isinstance(value, str) else 1 if isinstance(value, int) else 0.5)


def test_every_setting_of_the_laser_and_the_system_is_written_and_read_back(dlc):
    assert dlc.change_ul(UserLevel.MAINTENANCE, "maintain") == UserLevel.MAINTENANCE
    refused, written = [], 0
    for parameter in parameters(dlc):
        if not type(parameter).__name__.startswith("Mutable") or parameter.name in BOUND_BY_RANGE:
            continue
        if parameter.name.startswith(("laser2", "laser3", "laser4")):
            continue
        before = parameter.get()
        try:
            parameter.set(changed(before))
        except DecopError:
            refused.append(parameter.name)
            assert parameter.get() == before
            continue
        assert parameter.get() == changed(before), parameter.name
        written += 1
        if "dl:tc" not in parameter.name and "wide-scan" not in parameter.name:
            parameter.set(before)
    assert len(refused) < 10, refused
    assert written > 1500


def test_monitoring(dlc, face):
    told = []
    with dlc.laser1.ctl.wavelength_act.subscribe(lambda _, when, value: told.append(value.get()), interval=5):
        wait_until(lambda: told, dlc)
        dlc.laser1.ctl.wavelength_set.set(1550.05)
        while face.read("laser1:ctl:wavelength-act") != 1550.05:
            dlc.uptime.get()
        wait_until(lambda: told[-1] == 1550.05, dlc)
    assert told[0] == 1550.0


def wait_until(condition, dlc, deadline_s=10.0):
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end
        dlc.run(timeout=0.01)


def test_emission_and_refusals(dlc):
    dlc.emission_button_enabled.set(True)
    dlc.laser1.enabled.set(True)
    assert dlc.emission.get() is True
    with pytest.raises(DecopError, match="-6"):
        dlc.laser1.ctl.wavelength_set.set(2000.0)
    assert dlc.change_ul(UserLevel.READONLY) == UserLevel.READONLY
    with pytest.raises(DecopError, match="-5"):
        dlc.laser1.enabled.set(False)


def test_every_command_of_the_laser_and_the_system_is_understood(dlc):
    """Commands whose arguments the library can be given by type."""
    examples = {float: 1.0, int: 1, str: "x", bytes: b"\x01\x02", bool: True}
    called = 0
    for node in [dlc, *nodes(dlc.laser1), dlc.system_messages, dlc.licenses, dlc.buzzer]:
        for name, method in inspect.getmembers(type(node), inspect.isfunction):
            if name.startswith("_") or name in ("open", "close", "run", "stop", "poll", "change_ul"):
                continue
            types = [p.annotation for p in list(inspect.signature(method).parameters.values())[1:]]
            if "client.exec" in inspect.getsource(method) and all(t in examples for t in types):
                method(node, *[examples[t] for t in types])
                called += 1
    assert called > 30


def nodes(node):
    yield node
    for value in vars(node).values():
        if type(value).__module__ == sdk.__name__ and "Decop" not in type(value).__name__:
            yield from nodes(value)


def test_qmi(ports):
    context = QMI_Context("heraldlink_test")
    laser = Toptica_DLC(context, "laser", f"tcp:127.0.0.1:{ports[0]}")
    laser.open()
    try:
        assert laser.get_parameter("serial-number") == "SIM-1"
        assert laser.get_multiple_parameters(["laser1:emission", "laser1:dl:cc:current-set"]) == (
            False,
            200.0,
        )
        laser.set_parameter("laser1:dl:cc:current-set", 150.0)
        laser.set_multiple_parameters([("laser1:enabled", True), ("laser1:dl:pc:voltage-set", 60.0)])
        assert laser.get_multiple_parameters(["laser1:enabled", "laser1:dl:pc:voltage-set"]) == (True, 60.0)
        with pytest.raises(ValueError, match="-3"):
            laser.get_parameter("nonsense")
    finally:
        laser.close()


def test_two_clients_at_once(ports):
    wrong = []

    def read(name, value):
        with sdk.DLCpro(sdk.NetworkConnection("127.0.0.1", *ports)) as laser:
            parameter = getattr(laser, name)
            wrong.extend(got for got in (parameter.get() for _ in range(200)) if got != value)

    readers = [threading.Thread(target=read, args=each) for each in (("fw_ver", "3.3.3"), ("ul", 3))]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert wrong == []

# SPDX-License-Identifier: Apache-2.0
"""Others' drivers of the SGS100A, unchanged: QMI's, and R&S' own RsInstrument."""

import time

import pytest
import qmi
from qmi.instruments.rohde_schwarz import RohdeSchwarz_Sgs100a
from RsInstrument import RsInstrument, StatusException

from heraldlink_sim.faces.rohde_schwarz_sgs100a import OPTIONS, RohdeSchwarzSGS100A
from heraldlink_sim.transport import EventLoopThread, serve_hislip, serve_raw


@pytest.fixture
def face():
    return RohdeSchwarzSGS100A("SIM-1")


@pytest.fixture
def loop():
    with EventLoopThread() as running:
        yield running


@pytest.fixture
def qmi_source(loop, face):
    server = loop.run(serve_raw(face))
    qmi.start("third_party_test", None)
    source = qmi.make_instrument("source", RohdeSchwarz_Sgs100a, f"tcp:127.0.0.1:{server.port}")
    source.open()
    yield source
    source.close()
    qmi.stop()
    loop.run(server.close())


def test_qmi_sets_and_gets_everything(qmi_source, face):
    assert qmi_source.get_idn().serial.endswith("SIM-1")
    properties = {
        "frequency": 4e9, "power": -20.0, "phase": 30.0, "reference_source": "EXT",
        "external_reference_frequency": "100MHz", "external_reference_bandwidth": "NARR",
        "trigger_impedance": "G10K", "output_state": True, "power_on_output_policy": "UNCH",
        "pulsemod_enabled": True, "pulsemod_ext_source": True, "pulsemod_polarity": True,
        "iq_enabled": True, "iq_wideband": True, "iq_quadrature_offset": 2.5, "iq_leakage_i": 1.5,
        "iq_leakage_q": -1.5, "iq_gain_imbalance": 0.125, "iq_crest_factor": 6.0,
    }  # fmt: skip
    for name, value in properties.items():
        getattr(qmi_source, f"set_{name}")(value.upper() if isinstance(value, str) else value)
    assert {name: getattr(qmi_source, f"get_{name}")() for name in properties} == properties
    assert qmi_source.get_error_queue_length() == 0
    assert face.state().output_on
    qmi_source.reset()
    assert qmi_source.get_frequency() == 1e9


def test_qmi_polls_an_adjustment(qmi_source):
    qmi_source.start_calibration()
    deadline = time.monotonic() + 10
    while (result := qmi_source.poll_calibration()) is None:
        assert time.monotonic() < deadline
    assert result == 0


@pytest.mark.parametrize(
    ("serve", "visa"),
    [(serve_raw, "SelectVisa=SocketIo"), (serve_raw, "SelectVisa=@py"), (serve_hislip, "SelectVisa=@py")],
)
def test_rsinstrument(loop, face, serve, visa):
    server = loop.run(serve(face))
    source = RsInstrument(server.address, True, True, visa)
    assert source.idn_string == face.execute_now(b"*IDN?").decode()
    assert len(source.instrument_options) == len(OPTIONS)
    source.write_float("SOUR:FREQ", 5e9)
    source.write_with_opc("SOUR:POW -10")
    assert source.query_float("SOUR:FREQ?") == 5e9
    assert source.query_with_opc("SOUR:POW?") == "-10"
    assert source.query_all_errors() is None
    with pytest.raises(StatusException, match="-222"):
        source.write("SOUR:FREQ 40GHZ")
    source.close()
    loop.run(server.close())

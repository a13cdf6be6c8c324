# SPDX-License-Identifier: Apache-2.0
"""The WebSQ client of qcodes_contrib_drivers (Single Quantum's own code), unchanged, against the EOS.

It runs in a process of its own: its threads never end, and its counts port cannot be chosen.
"""

import subprocess
import sys

from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS
from heraldlink_sim.transport import EventLoopThread

HOST = "127.0.12.3"
SCRIPT = f"""
import os, time
from qcodes_contrib_drivers.drivers.SingleQuantum.SingleQuantum import WebSQControlqcode

def wait(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)

box = WebSQControlqcode("eos", {HOST!r}, 12000)
assert box.NUMBER_OF_DETECTORS == 2
box.comm.set_measurement_periode(10)
box.bias_current.set([18.0, 17.5])
wait(lambda: box.bias_current.get() == [18.0, 17.5])
box.comm.set_trigger_level([150.0, 100.0])
wait(lambda: box.comm.get_trigger_level() == [150.0, 100.0])
box.comm.enable_detectors(True)
assert len(box.comm.get_bias_voltage()) == 2
box.npts.set(5)
wait(lambda: box.comm.acquire_cnts_t()[1, -1] == 20)
assert box.comm.acquire_cnts_t().shape == (3, 5)
box.comm.set_dark_counts_auto_iv([100, 100])
box.comm.auto_cali_bias_currents()
wait(lambda: not box.comm.auto_cali_finished())
wait(lambda: box.comm.auto_cali_finished())
wait(lambda: box.bias_current.get() != [18.0, 17.5])
print("found", box.bias_current.get(), flush=True)
os._exit(0)
"""


def test_contrib_driver():
    with EventLoopThread() as loop:
        face = SingleQuantumEOS("SIM-1", 2)
        face.observe((2000.0, 1000.0))
        server = loop.run(serve_eos(face, HOST, 12000, 12345))
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=90)
        loop.run(server.close())
    assert done.returncode == 0, done.stderr
    assert face.state().enabled
    assert 0 < face.bias_uA[0] < 22
    assert str(face.bias_uA) in done.stdout

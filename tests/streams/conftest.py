# SPDX-License-Identifier: Apache-2.0
"""A simulated ID900 on real sockets."""

from contextlib import suppress

import pytest
from live_rig import Tagger
from qcodes.instrument import Instrument

from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900 as Face
from heraldlink_sim.transport import EventLoopThread


@pytest.fixture
def tagger():
    with EventLoopThread() as loop:
        face = Face("SIM-1")
        server = loop.run(serve_id900(face))
        yield Tagger(loop, face, server)
        Instrument.close_all()
        with suppress(ValueError):
            loop.run(server.close())

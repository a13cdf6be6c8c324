# SPDX-License-Identifier: Apache-2.0
"""A node that runs, on whichever port, keeps its instruments; while calibrate has them no node starts."""

from pathlib import Path

import pytest

from heraldlink.cli.calibrate import alone, rack_point
from heraldlink.errors import JournalError, RequestError
from heraldlink.journal import Journal, journal_file


def test_calibrate_and_nodes_exclude_each_other(tmp_path: Path) -> None:
    point = rack_point("networks/two_nodes.yaml", tmp_path)
    journal = Journal(journal_file(tmp_path, "bob"))
    with pytest.raises(RequestError, match=r"node bob cannot be calibrated now: .* is running"):
        alone(point).__enter__()
    journal.close()
    with alone(point):
        with pytest.raises(JournalError, match="in use"):
            Journal(journal_file(tmp_path, "midpoint"))
        with pytest.raises(RequestError, match="node midpoint cannot be calibrated now"):
            alone(point).__enter__()
    for node in ("midpoint", "alice", "bob"):
        Journal(journal_file(tmp_path, node)).close()

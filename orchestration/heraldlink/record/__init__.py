# SPDX-License-Identifier: Apache-2.0
"""Runs on disk: raw tags, dataset, figures and record in one folder; and their replay."""

from heraldlink.record.replay import replay
from heraldlink.record.results import RunResults, compute
from heraldlink.record.run import Run, results_of, write_run

__all__ = ["Run", "RunResults", "compute", "replay", "results_of", "write_run"]

# SPDX-License-Identifier: Apache-2.0
"""Record an instrument's conversation at its socket, replay it, and compare two of them."""

from heraldlink_sim.recording.comparison import Finding, compare, coverage
from heraldlink_sim.recording.conformance import conform
from heraldlink_sim.recording.record import serve_recording
from heraldlink_sim.recording.replay import serve_replay
from heraldlink_sim.recording.transcript import Transcript, load_transcript

__all__ = [
    "Finding",
    "Transcript",
    "compare",
    "conform",
    "coverage",
    "load_transcript",
    "serve_recording",
    "serve_replay",
]

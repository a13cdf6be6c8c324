# SPDX-License-Identifier: Apache-2.0
"""Where a Santec TSL departs from the standard or from its own manual.

The first ones are always there; ``OPTIONAL`` ones are named under ``quirks:`` in a bench file.
"""

from __future__ import annotations

from heraldlink_sim.quirks import Quirk

_REFERENCE = "vendor's command reference of the TSL series"
_FIELD = "user's note from a TSL on LAN"

FEW_ERRORS = Quirk(
    "santec-few-error-numbers",
    "knows 0, -102, -103, -108, -109, -113, -148, -200, -222, -410 alone: a bad suffix of a number is -103, "
    "data of a wrong type -148, a value that is none of a choice -222, what cannot be read at all -102",
    "table of errors in QMI's Santec_Tsl570",
    rows=("P04", "P10", "P12", "V13", "V14", "V15", "V16", "B06", "V03", "V04", "V22"),
)
NO_DEFAULT = Quirk("santec-no-default", "a number takes MIN and MAX, but not DEF", _REFERENCE, rows=("P05",))
SIGNED_SWITCHES = Quirk(
    "santec-signed-switches",
    "switches are answered +1 and +0 in the SCPI set, as all whole numbers are",
    _REFERENCE,
    rows=("P11", "V19"),
)
RESET_EMPTIES_QUEUE = Quirk(
    "santec-reset-empties-error-queue",
    "*RST empties the error queue",
    "docstring of reset() in QMI's Santec_Tsl570, from the manual",
    rows=("I11",),
)
VERSION_IS_FIRMWARE = Quirk(
    "santec-version-is-firmware",
    ":SYST:VERS? answers the firmware version, not that of SCPI",
    _REFERENCE,
    rows=("I15",),
)
SILENT_IN_WRONG_STATE = Quirk(
    "santec-wrong-state-is-silent",
    "settings that cannot be taken in the present state (a wavelength during a sweep) are ignored silently",
    _FIELD,
)
MONITOR_BEFORE_SHUTTER = Quirk(
    "santec-monitor-before-shutter", ":POW:ACT? reads the power before the shutter", _FIELD
)
EARLY_START = Quirk(
    "santec-early-start-shortens-sweep",
    "a sweep that is started or triggered again while it prepares begins where the laser is",
    _FIELD,
)
BACKWARDS_OVERWRITES = Quirk(
    "santec-two-way-overwrites-log", "the way back of a two-way sweep overwrites the log", _FIELD
)
ALWAYS = (
    FEW_ERRORS,
    NO_DEFAULT,
    SIGNED_SWITCHES,
    RESET_EMPTIES_QUEUE,
    VERSION_IS_FIRMWARE,
    SILENT_IN_WRONG_STATE,
    MONITOR_BEFORE_SHUTTER,
    EARLY_START,
    BACKWARDS_OVERWRITES,
)

MILLI_DBM_LOG = Quirk(
    "santec-power-log-in-milli-dbm",
    ":READ:DAT:POW? sends int32 in 0.001 dBm instead of float32 in dBm",
    "user's note from firmware 0042.0038.0016",
)
UNTERMINATED_LOG = Quirk(
    "santec-log-without-delimiter",
    "no delimiter behind the block of a log [?]",
    "QMI's Santec_Tsl570 reads none",
)
RESET_ON_RECONNECT = Quirk(
    "santec-resets-reconnections", "about one reconnection in four is reset at once", _FIELD
)
DROPS_LONG_LOGS = Quirk("santec-drops-long-logs", "the connection drops after 20 to 40 kB of a log", _FIELD)
PORT_DIES = Quirk(
    "santec-port-dies", "after some cycles of connecting the port is dead until a power cycle", _FIELD
)
OPTIONAL = (MILLI_DBM_LOG, UNTERMINATED_LOG, RESET_ON_RECONNECT, DROPS_LONG_LOGS, PORT_DIES)

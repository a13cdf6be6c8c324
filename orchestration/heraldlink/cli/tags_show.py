# SPDX-License-Identifier: Apache-2.0
"""What ``heraldlink tags`` prints for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from heraldlink.cli.show import table

Found = Mapping[str, Any]

COUNTED = (
    "records",
    "records_without_click",
    "rows_without_time",
    "zeros_that_fill",
    "overflow_records",
    "overflows",
    "missed_events",
    "torn_bytes",
    "steps_back",
    "largest_step_ps",
    "beyond_period",
)
"""What reading counts beside the tags (`found` of the formats)."""

NOT_IN_ROWS = {
    "file",
    "histogram",
    "g2_sigma",
    "highest",
    "lowest",
    "pulsed",
    "peak",
    "advice",
    "common_attempts_by_lag",
}


def show_info(found: Found) -> None:
    """A recording's entries, its channels as a table, and what they look like."""
    rows: dict[str, object] = {
        "format": f"{found['format']}, {_kind(found)}",
        "resolution": _resolution(found),
        "duration": _duration(found),
        "tags": f"{found['tags']:,}",
    }
    if found["acquisition_s"]:
        rows["measurement"] = f"{found['acquisition_s']:g} s, as the file says"
    for name in COUNTED:
        if found.get(name) is not None:
            rows[name.replace("_", " ").replace(" ps", ", ps")] = f"{found[name]:,}"
    rows["gaps"] = _gaps(found)
    if found["stored_delays_ps"]:
        delays = ", ".join(
            f"channel {number} {delay} ps" for number, delay in found["stored_delays_ps"].items()
        )
        rows["stored delays"] = f"{delays} (subtracted, unless --delays are given)"
    for name in ("instrument", "created", "unit"):
        if found["about"].get(name):
            rows[name] = found["about"][name]
    table(found["file"], rows)
    _columns(
        ("channel", "name", "clicks", "rate (1/s)", "smallest gap (ps)"),
        [
            (
                number,
                found["names"][number],
                f"{count:,}",
                _number(found["rates_Hz"][number]),
                _number(found["smallest_gaps_ps"].get(number)),
            )
            for number, count in found["channels"].items()
        ],
    )
    for each in [found["sync"], *found["pulsed"]]:
        if each is not None:
            Console().print(_periodic(each, each is found["sync"]), highlight=False)
    Console().print(found["advice"], highlight=False, style="bold")


def show_g2(found: Found) -> None:
    """Pairs, the dip or the highest bin; by attempt: the lags."""
    left_out = {
        "file",
        "histogram",
        "g2_sigma",
        "highest",
        "lowest",
        "pulsed",
        "peak",
        "advice",
        "common_attempts_by_lag",
    }
    rows = {name: value for name, value in found.items() if name not in left_out}
    if "histogram" in found:
        rows.pop("g2")
        rows["coincidences_within_ps"] = ", ".join(
            f"{width} ps: {count}" for width, count in found["coincidences_within_ps"].items()
        )
        rows["expected_pairs"] = _number(found["expected_pairs"])
        rows["highest bin"], rows["lowest bin"] = _bin(found["highest"]), _bin(found["lowest"])
        if peak := found.get("peak"):
            rows["peak"] = f"at {peak['delay_ps']} ps, {peak['fwhm_ps']} ps wide (FWHM)"
            rows["pairs in it"] = (
                f"{peak['pairs']} within {peak['window_ps']} ps, {_number(peak['accidental'])} by chance,"
                f" CAR {_number(peak['car'])}"
            )
        pulsed = found.get("pulsed", {})
        rows |= {f"pulsed {name}": value for name, value in pulsed.items() if name not in ("g2", "g2_sigma")}
        if pulsed:
            rows["pulsed g2"] = f"{pulsed['g2']:.4g} ± {pulsed['g2_sigma']:.2g}"
    else:
        rows["g2"] = "-" if found["g2"] is None else f"{found['g2']:.4g} ± {found['g2_sigma']:.2g}"
        lags = found["common_attempts_by_lag"].items()
        rows["attempts by lag"] = ", ".join(f"{lag}: {both}" for lag, both in lags)
    table(found["file"], rows)
    _advise(found)


def show_coincidences(found: Found) -> None:
    """A row for each pair of channels and width."""
    table(found["file"], {"rule": found["rule"]})
    _columns(
        ("channels", "within (ps)", "coincidences", "by chance", "ratio", "per second"),
        [
            (
                ", ".join(map(str, row["channels"])),
                f"{row['within_ps']:,}",
                f"{row['coincidences']:,} ± {row['sigma']:.2g}",
                _number(row["accidental"]),
                _number(row["ratio"]),
                _number(row["per_second"]),
            )
            for row in found["pairs"]
        ],
    )
    _advise(found)
    for row in found.get("heralded_g2", ()):
        g2 = "unknown" if row["g2"] is None else f"{row['g2']:.4g} ± {row['g2_sigma']:.2g}"
        counts = (
            f"{row['heralds']} heralds, {row['with_second']}, {row['with_third']} and {row['with_both']} with"
        )
        Console().print(
            f"heralded g2 within {row['within_ps']} ps: {g2} ({counts} one, other, both)", highlight=False
        )


def show_rates(found: Found) -> None:
    """A row for each channel."""
    rows = {"bin": f"{found['bin_ps']:,} ps", "bins": found["bins"], "listening": f"{found['live_s']:.6g} s"}
    table(found["file"], rows)
    _columns(
        ("channel", "clicks", "mean (1/s)", "lowest bin", "highest bin"),
        [
            (
                number,
                f"{row['clicks']:,}",
                _number(row["mean_Hz"]),
                _number(row["lowest_Hz"]),
                _number(row["highest_Hz"]),
            )
            for number, row in found["channels"].items()
        ],
    )


def show_heralds(found: Found) -> None:
    """Attempts, heralds by outcome and pattern."""
    rows: dict[str, object] = {
        "attempts": f"{found['attempts']:,}, {found['attempts_by']}",
        "heralds": f"{found['heralds']:,}, {_number(found['per_attempt'])} per attempt",
    }
    rows |= {f"  {name}": f"{count:,}" for name, count in found["outcomes"].items()}
    rows["ambiguous"] = f"{found['ambiguous']:,}"
    for name in (
        "vetoed",
        "attempts_cut_by_gaps",
        "tags_outside_attempts",
        "tags_in_gaps",
        "uncertain_steps",
    ):
        if found[name]:
            rows[name.replace("_", " ")] = f"{found[name]:,}"
    rows["detectors"] = ", ".join(f"{name}: channel {number}" for name, number in found["detectors"].items())
    rows["gates"] = ", ".join(f"{name}: {a} to {b} ps" for name, (a, b) in found["gates_ps"].items())
    for fit in found["periods"]:
        rows["period"] = (
            f"{fit['period_ps']:.4f} ps, residual {fit['residual_rms_ps']:.4g} ps rms,"
            f" {fit['residual_max_ps']:.4g} ps at most; {fit['syncs']:,} syncs in {fit['attempts']:,} periods"
        )
    if found["hardware"] is not None:
        hardware = found["hardware"]
        rows["hardware"] = (
            f"{hardware['disagreements']} disagreements ({hardware['only_hardware']} only in hardware,"
            f" {hardware['only_software']} only in software)"
        )
    table(found["file"], rows)
    _columns(("clicks", "attempts"), [(name, f"{count:,}") for name, count in found["patterns"].items()])
    _advise(found)


def _columns(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    grid = Table(box=None, pad_edge=False, header_style="")
    for place, name in enumerate(names):
        grid.add_column(name, justify="left" if place == 0 else "right")
    for row in rows:
        grid.add_row(*(str(each) for each in row))
    Console().print(grid)


def _kind(found: Found) -> str:
    if found["kind"] == "times":
        return "tags with times"
    period_ps = found["reference_period_ps"]
    return f"tags after reference events{f' every {period_ps:.2f} ps' if period_ps else ''}"


def _resolution(found: Found) -> str:
    step = found["step_ps"]
    more = f", times in steps of {step:,} ps" if step and step > found["resolution_ps"] else ""
    return f"{found['resolution_ps']:g} ps{more}"


def _duration(found: Found) -> str:
    if found["duration_s"] is None:
        return "unknown: the period of the reference events is not known"
    said = f"{found['duration_s']:.7g} s from first to last tag"
    if found["live_s"] is not None and found["gap_count"]:
        said += f", {found['live_s']:.7g} s of it without gaps"
    return said


def _gaps(found: Found) -> str:
    if not found["gap_count"]:
        return "none"
    listed = [
        f"{gap['begin_ps']}..{'end' if gap['end_ps'] is None else gap['end_ps']} ({gap['reason']})"
        for gap in found["gaps"][:3]
    ]
    more = f" and {found['gap_count'] - 3} more" if found["gap_count"] > 3 else ""
    return f"{', '.join(listed)}{more}"


def _periodic(each: Found, is_sync: bool) -> str:
    what = "sync" if is_sync else "clicks in multiples of a period"
    filled = "every period" if each["filled"] >= 1 else f"{each['filled']:.3%} of the periods"
    said = f"channel {each['channel']}: {what}, {each['period_ps']:.4f} ps,"
    said += f" residual {each['residual_rms_ps']:.4g} ps rms, {filled} recorded"
    if each.get("uncertain_steps"):
        said += f", {each['uncertain_steps']} steps between syncs uncertain"
    return said + (f"; {each['whole_recording']}" if each.get("whole_recording") else "")


def _bin(each: Found) -> str:
    g2 = "" if each["g2"] is None else f", g2 {each['g2']:.4g} ± {each['sigma']:.2g}"
    return f"{each['pairs']} pairs from {each['begin_ps']} ps{g2}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _advise(found: Found) -> None:
    if found.get("advice"):
        Console().print(found["advice"], highlight=False, style="bold")

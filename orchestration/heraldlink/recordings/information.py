# SPDX-License-Identifier: Apache-2.0
"""``info``: what an unknown recording holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from heraldlink.errors import DataError
from heraldlink.heralding.attempts import ReconstructedSyncs
from heraldlink.heralding.period import FEWEST
from heraldlink.heralding.results import PeriodFit
from heraldlink.recordings.clicks_over_time import WRONG_PERIOD
from heraldlink.recordings.first_look import FirstLook, Periodic, first_look
from heraldlink.recordings.source import Progress, Source, passed, recording
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.passes import Analysis
from heraldlink.tags.singles import Singles, SinglesCount

SHOWN_GAPS = 20
DIVIDED = 0.01
"""How far from a whole number the ratio of two periods may be."""


@dataclass(frozen=True, eq=False)
class Span:
    """First and last tag (ps, or reference index), number of tags, all gaps."""

    first: int | None
    last: int | None
    tags: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, eq=False)
class Information:
    """What a recording holds.

    ``found``: what reading counted beside the tags. ``sync``: the channel that is a sync by its looks, with
    ``fits`` of its period in each stretch without gaps; ``sync_trouble``: why there is none.
    """

    name: str
    header: Header
    span: Span
    singles: SinglesCount
    found: Mapping[str, int]
    look: FirstLook
    fits: tuple[PeriodFit, ...]
    sync_trouble: str

    @property
    def sync(self) -> Periodic | None:
        """The channel that is a sync, by its looks."""
        return self.look.sync

    @property
    def wrong_period(self) -> bool:
        """Whether clicks come later than the next reference event should: its period is not credible."""
        return self.found.get("beyond_period", 0) > WRONG_PERIOD * self.span.tags

    @property
    def duration_s(self) -> float | None:
        """From the first to the last tag; None where tags are counted from references of unknown period."""
        if self.span.first is None or self.span.last is None:
            return 0.0
        if self.wrong_period:
            return None
        period_ps = 1.0 if self.header.kind == "times" else self.header.reference_period_ps
        return None if period_ps is None else (self.span.last - self.span.first) * period_ps * 1e-12

    def rate_Hz(self, channel: int) -> float | None:
        """Clicks per second of time without gaps; for tags after reference events, of the measurement's."""
        live = self.singles.live
        seconds = live.total_ps * 1e-12 if live is not None else self.header.acquisition_s or self.duration_s
        return self.singles.clicks[channel] / seconds if seconds else None

    def summary(self) -> dict[str, object]:
        """Plain values."""
        channels = self.singles.clicks
        smallest = self.singles.smallest_gap_ps
        period_ps = self.header.reference_period_ps
        return {
            "file": self.name,
            "format": self.header.format,
            "kind": self.header.kind,
            "resolution_ps": self.header.resolution_ps,
            "step_ps": self.look.step_ps or None,
            "acquisition_s": self.header.acquisition_s,
            "duration_s": self.duration_s,
            "live_s": self.singles.live.total_ps * 1e-12 if self.singles.live else None,
            "tags": self.span.tags,
            "channels": {str(number): count for number, count in channels.items()},
            "names": {str(number): self.header.channels.get(number, "") for number in channels},
            "rates_Hz": {str(number): self.rate_Hz(number) for number in channels},
            "smallest_gap_ps": min(smallest.values(), default=None),
            "smallest_gaps_ps": {str(number): gap for number, gap in smallest.items()},
            "stored_delays_ps": {str(number): delay for number, delay in self.header.delays_ps.items()},
            **self.found,
            "reference_period_ps": period_ps,
            "sync_rate_Hz": None if not period_ps else 1e12 / period_ps,
            "credible_period": not self.wrong_period,
            "gaps": [gap_json(gap) for gap in self.span.gaps[:SHOWN_GAPS]],
            "gap_count": len(self.span.gaps),
            "sync": self._sync(),
            "pulsed": [_periodic(each) for each in self.look.periodic if each is not self.sync],
            "advice": self.advice(),
            "about": dict(self.header.about),
        }

    def advice(self) -> str:
        """What the channels look like, in a sentence, and the options that go with it."""
        period_ps, sync = self.header.reference_period_ps, self.sync
        if self.header.kind == "indexed":
            every = f" every {period_ps:.1f} ps" if period_ps else ""
            said = f"tags are counted from reference events{every}: attempts need no --sync"
            if self.wrong_period:
                beyond = self.found["beyond_period"]
                said += (
                    f"; but {beyond} of {self.span.tags} clicks come later than that, so the recording's own"
                    " period is wrong (a filtered or divided sync); lags in attempts say nothing of pulses"
                )
            return said
        if sync is not None and sync.filtered:
            return (
                f"channel {sync.channel} looks like a filtered sync: {sync.filled:.2%} of its periods were"
                f" recorded, so that counting them would number attempts wrongly; --sync {sync.channel}"
                f" --period auto reconstructs them{self._divided(sync)}"
            )
        if sync is not None:
            said = f"channel {sync.channel} looks like a sync recorded whole: --sync {sync.channel}"
            return said + self._divided(sync)
        if self.look.periodic:
            pulsed = ", ".join(str(each.channel) for each in self.look.periodic)
            return (
                f"no channel looks like a sync; clicks of channel {pulsed} come in multiples of"
                f" {self.look.periodic[0].period_ps:.1f} ps: pulsed light"
            )
        if max(self.look.clicks.values(), default=0) <= FEWEST:
            return "too few clicks to look for a period"
        return self.sync_trouble or "no channel is periodic: no sync was recorded, the light is not pulsed"

    def _divided(self, sync: Periodic) -> str:
        """Whether the light's pulses come several times in a period of the sync."""
        for other in self.look.periodic:
            ratio = sync.period_ps / other.period_ps
            if other is not sync and round(ratio) > 1 and abs(ratio - round(ratio)) < DIVIDED:
                return (
                    f"; clicks of channel {other.channel} come in multiples of {other.period_ps:.1f} ps, 1/"
                    f"{round(ratio)} of that: the sync was divided, or there are so many pulses in an attempt"
                )
        return ""

    def _sync(self) -> dict[str, object] | None:
        if self.sync is None:
            return None
        stretch = max(self.fits, key=lambda fit: fit.syncs, default=None)
        found = _periodic(self.sync)
        if stretch is None:
            return found | {"whole_recording": self.sync_trouble}
        return found | {
            "period_ps": stretch.period_ps,
            "residual_rms_ps": stretch.residual_rms_ps,
            "residual_max_ps": stretch.residual_max_ps,
            "syncs": sum(fit.syncs for fit in self.fits),
            "periods": sum(fit.attempts for fit in self.fits),
            "filled": sum(fit.syncs for fit in self.fits) / sum(fit.attempts for fit in self.fits),
            "stretches": len(self.fits),
            "uncertain_steps": sum(fit.uncertain for fit in self.fits),
        }


def info(source: Source, progress: Progress | None = None) -> Information:
    """Channels, rates, duration, resolution, gaps, order and the suspected sync of a recording, in one pass.

    Raises DataError if it is missing, foreign, truncated or out of order, naming file and byte.
    """
    opened = recording(source)
    look = first_look(opened)
    spans, singles = Spans(), Singles()
    syncs = SyncFits(look.sync)
    analyses: list[Analysis[object]] = [spans, singles, syncs]
    passed(opened, analyses, progress)
    span, count, fits = spans.finish(), singles.finish(), syncs.finish()
    header = replace(opened.header, delays_ps={**opened.header.delays_ps, **opened.subtracted_ps})
    return Information(opened.name, header, span, count, dict(opened.found), look, fits, syncs.trouble)


class Spans:
    """Analysis: first and last tag, and the gaps."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last: int | None = None
        self._tags = 0
        self._gaps: list[Gap] = []

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        key = block.time_ps if isinstance(block, Block) else block.index
        self._gaps += block.gaps
        if key.size:
            self._first = int(key[0]) if self._first is None else self._first
            self._last = int(key[-1])
            self._tags += key.size

    def finish(self) -> Span:
        """The span."""
        return Span(self._first, self._last, self._tags, tuple(self._gaps))


class SyncFits:
    """Analysis: the period of one channel in each stretch without gaps; ``trouble``: why there is none."""

    def __init__(self, sync: Periodic | None) -> None:
        self._sync = sync
        self._assigner = None if sync is None else ReconstructedSyncs(sync.channel, sync.period_ps).assigner()
        self._fits: tuple[PeriodFit, ...] | None = None
        self.trouble = ""

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        if self._assigner is None or self._sync is None or not isinstance(block, Block) or self.trouble:
            return
        chosen = block.channel == self._sync.channel
        try:
            self._assigner.push(
                Block(block.time_ps[chosen], block.channel[chosen], block.until_ps, block.gaps)
            )
        except DataError as error:
            self.trouble = f"channel {self._sync.channel} is periodic at the beginning only: {error}"

    def finish(self) -> tuple[PeriodFit, ...]:
        """The fits."""
        if self._fits is None:
            self._fits = ()
            if self._assigner is not None and not self.trouble:
                self._assigner.finish()
                self._fits = self._assigner.report.fits
        return self._fits


def gap_json(gap: Gap) -> dict[str, object]:
    """A gap's entries; an end that is not known is None."""
    end = None if gap.end_ps == END_PS else gap.end_ps
    return {"begin_ps": gap.begin_ps, "end_ps": end, "reason": gap.reason, "tags": gap.tags}


def _periodic(found: Periodic) -> dict[str, object]:
    return {
        "channel": found.channel,
        "period_ps": found.period_ps,
        "residual_rms_ps": found.residual_rms_ps,
        "filled": found.filled,
        "filtered": found.filtered,
        "beside_other_clicks": found.beside,
    }

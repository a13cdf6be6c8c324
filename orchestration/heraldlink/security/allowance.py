# SPDX-License-Identifier: Apache-2.0
"""How many messages a connection may send: a bucket of allowances that fills again with time."""

from dataclasses import dataclass, field

MOST_REMEMBERED = 4096


@dataclass(slots=True)
class Allowances:
    """Buckets by connection: at most ``burst`` messages at once and ``rate_per_s`` of them in the long run.

    Connections whose bucket is full again are forgotten, so that their number stays bounded.
    """

    rate_per_s: float
    burst: float
    _left: dict[bytes, tuple[float, float]] = field(default_factory=dict[bytes, tuple[float, float]])

    def take(self, connection: bytes, now: float) -> bool:
        """Whether a connection may have one message more; ``now`` in seconds of a clock that never jumps."""
        left, at = self._left.get(connection, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.rate_per_s)
        allowed = left >= 1.0
        self._left[connection] = (left - 1.0 if allowed else left, now)
        if len(self._left) > MOST_REMEMBERED:
            self._forget(now)
        return allowed

    def _forget(self, now: float) -> None:
        """Forget full buckets, and if that is not enough the older half."""
        rate, burst = self.rate_per_s, self.burst
        kept = {key: at for key, at in self._left.items() if at[0] + (now - at[1]) * rate < burst}
        if len(kept) > MOST_REMEMBERED // 2:
            newest = sorted(kept.items(), key=lambda item: item[1][1])[-MOST_REMEMBERED // 2 :]
            kept = dict(newest)
        self._left = kept

# SPDX-License-Identifier: Apache-2.0
"""The Time Controller once more, event by event in plain Python over the whole time at once.

It shares no code with the simulator: no arrays, no stretches of time, nothing carried. Settings are the words
that go over the wire, in a dictionary {block: {row: word}}.
"""

PULSE_ps = 10_000
DEAD_ps = 40_000


class Plain:
    """Everything that one device does in [0, end), for the pulses at its inputs."""

    def __init__(self, settings, pulses, slot_ps, end_ps):
        self.settings, self.pulses, self.slot_ps, self.end_ps = settings, pulses, slot_ps, end_ps

    def get(self, block, row, default):
        return self.settings.get(block, {}).get(row, default)

    def events(self, source):
        if source == "NONE":
            return []
        letters = source.rstrip("0123456789")
        kinds = {"STAR": self.input, "INPU": self.input, "DELA": self.delay, "TSCO": self.combiner}
        found = kinds.get(letters, lambda s: [rise for rise, _ in self.pulses_of(s)])(source)
        return sorted(t for t in found if t < self.end_ps)

    def falls(self, source):
        if source.rstrip("0123456789") in ("GEN", "REC"):
            found = [fall for _, fall in self.pulses_of(source)]
        else:
            found = [t + PULSE_ps for t in self.events(source)]
        return sorted(t for t in found if t < self.end_ps)

    def edges(self, source, which):
        if source == "NONE":
            return []
        rising = self.events(source) if which in ("RISI", "ALL") else []
        return sorted(rising + (self.falls(source) if which in ("FALL", "ALL") else []))

    def input(self, name):
        if self.get(name, "ENAB", "OFF") == "OFF":
            return []
        later = PULSE_ps if self.get(name, "EDGE", "RISI") == "FALL" else 0
        step = 100 if self.get("DEVI", "RES", "HIRES") == "LOWRES" else 1
        found = []
        for t in self.pulses.get(name, []):
            edge = t + later
            slot = edge // self.slot_ps * self.slot_ps
            found.append(slot + (edge - slot) // step * step)
        return found

    def delay(self, name):
        later = self.get(name, "VALU", 0)
        return [t + later for t in self.events(self.get(name, "LINK", "NONE"))]

    def combiner(self, name):
        get = lambda row, default: self.get(name, row, default)  # noqa: E731
        windowed = get("WIND:ENAB", "OFF") == "ON"
        moves = []
        if windowed:
            sides = {}
            for side, order in (("END", 0), ("BEGI", 1)):
                source, edge = get(f"WIND:{side}:LINK", "NONE"), get(f"WIND:{side}:EDGE", "RISI")
                delay = get(f"WIND:{side}:DELA", 0)
                sides[side] = (source, edge, delay)
                moves += [(t + delay, order, side) for t in self.edges(source, edge)]
            if sides["END"] == sides["BEGI"]:
                moves = [move for move in moves if move[2] == "END"]
        arrivals = [(t, 2, "1") for t in self.events(get("FIR:LINK", "NONE"))]
        arrivals += [(t, 2, "2") for t in self.events(get("SEC:LINK", "NONE"))]
        is_open, seen, out = False, set(), []
        for t, _, what in sorted(moves + arrivals, key=lambda each: each[:2]):
            if what in ("END", "BEGI"):
                is_open, seen = what == "BEGI", set()
                continue
            operation = get("OPIN", "OR") if is_open else get("OPOU", "MUTE")
            if operation == "AND":
                if len(seen) < 2:
                    seen.add(what)
                    out += [t] if len(seen) == 2 else []
            elif operation == "OR" or operation == {"1": "ONLYFIR", "2": "ONLYSEC"}[what]:
                out.append(t)
        return out

    def pulses_of(self, name):
        """Every (rise, fall) of a generator that PLAY was sent to at time 0."""
        if name == "NONE":
            return []
        get = lambda row, default: self.get(name, row, default)  # noqa: E731
        width, number = get("PWID", 0), get("PNUM", 1)
        step = max(get("PPER", 0), width + DEAD_ps)
        trigger, later = get("TRIG:LINK", "NONE"), get("TRIG:DELA", 0)
        starts = [0] if trigger == "NONE" else self.events(trigger)
        out, free = [], 0
        for start in starts:
            if start < free:
                continue
            burst = []
            rise = start + later
            while rise < self.end_ps and (number == "INF" or len(burst) < number):
                burst.append((rise, rise + width))
                rise += step
            out += burst
            if number == "INF" or get("TRIG:ARM:MODE", "MANU") == "MANU":
                break
            free = start + later + (number - 1) * step + width
        return out

    def related(self, block):
        """(acquisition, difference, reference index) of each stop that counts."""
        get = lambda row, default: self.get(block, row, default)  # noqa: E731
        stop, reference = get("STOP:LINK", "NONE"), get("REF:LINK", "NONE")
        stop_edge, reference_edge = get("STOP:FILT", "RISI"), get("REF:FILT", "RISI")
        same = (stop, stop_edge) == (reference, reference_edge)
        out = []
        for number, (rise, fall) in enumerate(self.pulses_of(get("ENAB:LINK", "REC"))):
            inside = lambda t, a=rise, b=fall: a <= t < b  # noqa: E731
            stops = [t for t in self.edges(stop, stop_edge) if inside(t)]
            references = [t for t in self.edges(reference, reference_edge) if inside(t)]
            for place, t in enumerate(stops):
                earlier = stops[:place] if same else [r for r in references if r <= t]
                if reference == "NONE":
                    out.append((number, t - rise, 0))
                elif earlier:
                    out.append((number, t - earlier[-1], len(earlier) - 1))
        return out

    def histogram(self, block):
        low, width = self.get(block, "MIN", 0), self.get(block, "BWID", 100)
        bins = [0] * self.get(block, "BCOU", 16_384)
        for _, difference, _ in self.related(block):
            place = (difference - low) // width
            if 0 <= place < len(bins):
                bins[place] += 1
        return bins

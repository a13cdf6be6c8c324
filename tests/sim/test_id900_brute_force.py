# SPDX-License-Identifier: Apache-2.0
"""Counters, histograms and time stamps of random configurations against an event-by-event calculation.

Configurations go over the wire; pulses come slot by slot, so that events, windows, bursts and acquisitions
run over the ends of slots. The calculation sees the whole time at once.
"""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from id900_plain import Plain

from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900

SLOT_ps = 100_000
INPUTS = ("STAR", "INPU1", "INPU2", "INPU3")
WORLD = dict(zip(INPUTS, ("START", "IN1", "IN2", "IN3"), strict=True))
OPERATIONS = ("AND", "OR", "ONLYFIR", "ONLYSEC", "MUTE")
LOW = ("NONE", *INPUTS, "DELA1", "DELA2", "GEN1", "REC")
HIGH = ("NONE", "DELA1", "GEN1", "TSCO1", "TSCO2")
TAGGED = ("NONE", "STAR", "INPU1", "DELA2", "TSCO1", "TSCO2", "TSCO9")

edge = st.sampled_from(("RISI", "FALL"))
filters = st.sampled_from(("RISI", "FALL", "ALL"))
delay = st.one_of(st.just(0), st.integers(0, 250_000))
switch = st.sampled_from(("ON", "OFF"))


def side(sources):
    return {"LINK": st.sampled_from(sources), "DELA": delay, "EDGE": edge}


def combiner(sources):
    rows = {"FIR:LINK": st.sampled_from(sources), "SEC:LINK": st.sampled_from(sources), "WIND:ENAB": switch}
    rows |= {f"WIND:{name}:{row}": value for name in ("BEGI", "END") for row, value in side(sources).items()}
    return st.fixed_dictionaries(
        {**rows, "OPIN": st.sampled_from(OPERATIONS), "OPOU": st.sampled_from(OPERATIONS)}
    )


def generator(longest_ps):
    return st.fixed_dictionaries(
        {
            "PPER": st.integers(4_000, 200_000),
            "PWID": st.integers(1_000, longest_ps),
            "PNUM": st.one_of(st.integers(1, 4), st.just("INF")),
            "TRIG:LINK": st.sampled_from(("NONE", "STAR", "DELA1")),
            "TRIG:DELA": delay,
            "TRIG:ARM:MODE": st.sampled_from(("MANU", "AUTO")),
        }
    )


def related(**more):
    rows = {
        "STOP:LINK": st.sampled_from(TAGGED),
        "STOP:FILT": filters,
        "REF:LINK": st.sampled_from(TAGGED),
        "REF:FILT": filters,
        "ENAB:LINK": st.sampled_from(("REC", "REC", "GEN1")),
    }
    return st.fixed_dictionaries({**rows, **more})


histogram = related(MIN=st.integers(0, 20_000), BWID=st.integers(1, 30_000), BCOU=st.integers(1, 40))
delays = st.fixed_dictionaries({"VALU": delay, "LINK": st.sampled_from(("NONE", *INPUTS))})
blocks = st.fixed_dictionaries(
    {
        **{name: st.fixed_dictionaries({"EDGE": edge}) for name in INPUTS},
        "DELA1": delays,
        "DELA2": delays,
        "GEN1": generator(60_000),
        "REC": generator(400_000),
        "TSCO1": combiner(LOW),
        "TSCO2": combiner(LOW),
        "TSCO9": combiner(HIGH),
        "HIST1": histogram,
        "HIST2": histogram,
        "RAW1": related(),
        "RAW2": related(),
        "DEVI": st.fixed_dictionaries({"RES": st.sampled_from(("HIRES", "LOWRES"))}),
    }
)
slot = st.fixed_dictionaries(
    {name: st.lists(st.integers(0, SLOT_ps - 1), max_size=6).map(sorted) for name in INPUTS}
)


def played(config, slots, slot_ps=SLOT_ps):
    """A device that was configured over the wire, the tags that it sent, and its acquisitions by channel."""
    device = IDQuantiqueID900(slot_ps=slot_ps)
    sent = {1: [], 2: []}
    ended = {1: 0, 2: 0}

    def take(delivery):
        tags = delivery.tags
        pairs = zip(tags.timestamps_ps.tolist(), tags.reference_index.tolist(), strict=True)
        sent[delivery.channel] += [(ended[delivery.channel], *pair) for pair in pairs]
        ended[delivery.channel] += delivery.complete

    device.record_listeners.append(take)
    device.execute("DEVI:CONF:LOAD BLANK")
    for block, rows in config.items():
        for row, value in rows.items():
            assert device.execute(f"{block}:{row} {value}") == ""
    for name in INPUTS:
        device.execute(f"{name}:ENAB ON;:{name}:COUN:MODE ACCU")
    assert device.execute("RAW1:SEND ON;:RAW2:SEND ON;:GEN1:ENAB ON;PLAY;:REC:PLAY") == ""
    for number, pulses in enumerate(slots):
        device.deliver({WORLD[name]: np.array(times, np.int64) for name, times in pulses.items()}, number)
    return device, sent, ended


@settings(max_examples=300)
@given(blocks, st.lists(slot, min_size=1, max_size=6))
def test_everything_agrees_with_the_plain_calculation(config, slots):
    device, sent, ended = played(config, slots)
    enabled = {name: {**config[name], "ENAB": "ON"} for name in INPUTS}
    pulses = {name: [n * SLOT_ps + t for n, each in enumerate(slots) for t in each[name]] for name in INPUTS}
    end_ps = len(slots) * SLOT_ps
    plain = Plain({**config, **enabled}, pulses, SLOT_ps, end_ps)
    for name in (*INPUTS, "TSCO1", "TSCO2", "TSCO9"):
        device.execute(f"{name}:COUN:MODE ACCU")
        assert int(device.execute(f"{name}:COUN?")) == len(plain.events(name)), name
    for block in ("HIST1", "HIST2"):
        assert json.loads(device.execute(f"{block}:DATA?")) == plain.histogram(block), block
    for channel in (1, 2):
        gate = config[f"RAW{channel}"]["ENAB:LINK"]
        if config[f"RAW{channel}"]["STOP:LINK"] != "NONE":
            assert sent[channel] == plain.related(f"RAW{channel}")
            assert ended[channel] == sum(fall <= end_ps for _, fall in plain.pulses_of(gate))


@given(blocks, st.lists(slot, min_size=2, max_size=4))
def test_where_time_is_cut_makes_no_difference(config, slots):
    """One slot of n times the length gives what n slots give, but for the grid of low resolution."""
    config["DEVI"]["RES"] = "HIRES"
    one, sent, _ = played(config, slots)
    together = {
        name: [n * SLOT_ps + t for n, each in enumerate(slots) for t in each[name]] for name in INPUTS
    }
    device, sent_at_once, _ = played(config, [together], len(slots) * SLOT_ps)
    for query in ("HIST1:DATA?", "HIST2:DATA?", "TSCO9:COUN:MODE ACCU;:TSCO9:COUN?"):
        assert one.execute(query) == device.execute(query)
    assert sent == sent_at_once

# SPDX-License-Identifier: Apache-2.0
"""The page on live heralds: its Python runs."""

import re
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from heraldlink.heralding.attempts import CountedSyncs
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import single_click
from heraldlink.record.segment import SegmentWriter
from heraldlink.streams.heralds import Publisher
from heraldlink.tags.block import Block, Header

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "heralds-while-tags-come.md"
FOLLOWING, SUBSCRIBING = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_following_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    time_ps = np.arange(0, 10_000_000, 100_000)
    channel = np.resize(np.array([0, 1, 9, 9, 9, 0, 9, 2, 9, 9], np.int16), time_ps.size)
    with SegmentWriter(Path("run.arrows"), Header("test", "times", 1.0)) as writer:
        writer.push(Block(time_ps, channel, 10_000_000))
    exec(compile(FOLLOWING, str(PAGE), "exec"), {})  # noqa: S102
    *heralds, attempts = capsys.readouterr().out.splitlines()
    assert re.findall(r"\d+", " ".join(heralds)) == [str(number) for number in range(20)]
    assert attempts == "20 attempts"


@pytest.mark.timeout(30)
def test_subscribing(capsys):
    nothing = HeraldStream(single_click(1, 2, (100, 600)), CountedSyncs(0)).finish().heralds
    with Publisher("tcp://127.0.0.1:0") as publisher:
        text = SUBSCRIBING.replace("tcp://127.0.0.1:5600", publisher.address)
        reader = Thread(target=exec, args=(compile(text, str(PAGE), "exec"), {}))
        reader.start()
        while not (found := capsys.readouterr()).out:  # until the subscription arrives
            publisher.tell(nothing)
            reader.join(0.01)
    reader.join()
    assert not found.err
    assert not capsys.readouterr().err

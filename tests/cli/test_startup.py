# SPDX-License-Identifier: Apache-2.0
"""What a process is like once it has been set up."""

import subprocess
import sys

SHOWN = """
import gc
from heraldlink.startup import only_growing
with only_growing():
    print(gc.isenabled())
    modules = [[] for _ in range(10_000)]
print(gc.isenabled(), gc.get_freeze_count() >= 10_000, gc.get_threshold()[0])
"""


def test_after_its_start_a_process_looks_for_garbage_seldom_and_not_among_its_modules() -> None:
    shown = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "True", "True", "20000"]

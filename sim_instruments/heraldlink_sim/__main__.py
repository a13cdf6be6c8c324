# SPDX-License-Identifier: Apache-2.0
"""``python -m heraldlink_sim BENCH``: serve a simulated laboratory."""

import sys

from heraldlink_sim.serve import main

sys.exit(main())

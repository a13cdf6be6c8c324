# SPDX-License-Identifier: Apache-2.0
"""``python -m heraldlink.cli``: the same as the ``heraldlink`` command."""

from heraldlink.cli.main import run

if __name__ == "__main__":
    run()

# SPDX-License-Identifier: Apache-2.0
"""Entry of the ``heraldlink`` command and of ``python -m heraldlink.cli``: nothing heavy is imported here.

An interruption while the rest is being imported must end like any other one.
"""

import sys

from heraldlink.startup import only_growing


def main() -> None:
    """Run the command line and exit the process."""
    try:
        with only_growing():
            from heraldlink.cli.main import run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("heraldlink: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()

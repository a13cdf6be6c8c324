# SPDX-License-Identifier: Apache-2.0
"""Files of addresses by name, as a bench or a node writes them."""

import json
import time
from pathlib import Path
from typing import cast

from heraldlink.errors import ConfigurationError

POLL_S = 0.005


def read_addresses(path: Path, wait_s: float = 0.0) -> dict[str, str]:
    """Addresses by name from a JSON file, which may be written within ``wait_s`` seconds.

    Raises ConfigurationError naming file and key.
    """
    until = time.monotonic() + wait_s
    while not path.exists() and time.monotonic() < until:
        time.sleep(POLL_S)
    try:
        content = cast(object, json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ConfigurationError(f"{path}: is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: must hold an object of addresses by name")
    addresses = cast("dict[str, object]", content)
    for name, address in addresses.items():
        if not isinstance(address, str):
            raise ConfigurationError(f"{path}: {name}: must be an address in quotes (got {address!r})")
    return cast("dict[str, str]", addresses)

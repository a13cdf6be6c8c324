# SPDX-License-Identifier: Apache-2.0
"""Who may connect to a node: nobody from another machine, those with a key, or, in so many words, anybody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from heraldlink.config.quantities import Strict
from heraldlink.security.places import is_every_interface, is_loopback

Plain = Literal["I know that anybody on this network may switch my instruments"]


class Security(Strict):
    """``keys``: folder of the node's key and of those it lets in; then every channel is encrypted.

    ``plain``: the sentence above, which opens a node without keys to its network. ``allow_any_interface``
    is needed to listen on all of the machine's interfaces at once (0.0.0.0, [::] or *).
    """

    keys: Path | None = None
    plain: Plain | None = None
    allow_any_interface: bool = False

    def check(self, endpoints: Mapping[str, str]) -> None:
        """Raise ValueError, naming channel and remedy, if an address by channel may not be listened on."""
        for channel, endpoint in endpoints.items():
            if is_loopback(endpoint):
                continue
            if is_every_interface(endpoint) and not self.allow_any_interface:
                raise ValueError(
                    f"listen.{channel} {endpoint} means every interface of this machine: name one, or set "
                    "security.allow_any_interface: true"
                )
            if self.keys is None and self.plain is None:
                raise ValueError(
                    f"listen.{channel} {endpoint} is not a loopback address: set security.keys to the node's "
                    "folder of keys (heraldlink keys new), or say in security.plain: "
                    f"{get_args(Plain)[0]!r}"
                )

# SPDX-License-Identifier: Apache-2.0
"""Where configuration files are: as given, else in the installed package, else beside the checkout."""

import os
from pathlib import Path

from heraldlink.errors import ConfigurationError


def config_roots() -> tuple[Path, ...]:
    """Folders that hold the shipped configuration: the packaged copy first, then the checkout's."""
    package = Path(__file__).resolve().parents[1]
    candidates = (package / "configs", package.parents[1] / "configs")
    return tuple(root for root in candidates if root.is_dir())


def find_config(name: str | Path, *, beside: Path | None = None) -> Path:
    """Absolute path of a configuration file.

    ``name`` may be a path (relative to ``beside``, a folder, or to the working directory) or the name of a
    shipped file with or without its leading ``configs/``, such as ``benches/two_nodes.yaml``.
    Raises ConfigurationError, naming the places searched, if there is no such file.
    """
    path = Path(name).expanduser()
    given = path if path.is_absolute() else (beside or Path.cwd()) / path
    shipped = Path(*path.parts[1:]) if path.parts[:1] == ("configs",) else path
    places = [given]
    if not path.is_absolute() and ".." not in path.parts:
        places += [root / shipped for root in config_roots()]
    for place in places:
        if place.is_file():
            return place.resolve()
    searched = ", ".join(os.path.normpath(place) for place in places)
    raise ConfigurationError(f"there is no file {name} (looked for {searched})")

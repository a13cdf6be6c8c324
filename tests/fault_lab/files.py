# SPDX-License-Identifier: Apache-2.0
"""Node files with some keys changed."""

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from heraldlink.config import find_config


def node_file(folder: Path, name: str, changes: Mapping[str, object]) -> Path:
    """A copy of a shipped node file with absolute paths, and ``changes`` by dotted key."""
    shipped, yaml = find_config(f"nodes/{name}.yaml"), YAML()
    content = yaml.load(shipped)
    for key in ("station", "sequence", "devices"):
        content[key] = str((shipped.parent / content[key]).resolve())
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        place = content
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    copy = folder / f"{name}.node.yaml"
    with copy.open("w") as stream:
        yaml.dump(content, stream)
    return copy

# SPDX-License-Identifier: Apache-2.0
"""YAML's merge keys, which benches and node files may use."""

from pathlib import Path

from heraldlink.config.document import read_document


def test_merged_keys_are_read_and_told_by_the_line_of_their_mapping(tmp_path: Path) -> None:
    path = tmp_path / "nodes.yaml"
    path.write_text("alice: &node\n  delay_ps: 5\n  name: a\nbob:\n  <<: *node\n  name: b\n")
    document = read_document(path)
    assert document.content["bob"] == {"delay_ps": 5, "name": "b"}
    assert document.sentence(("bob", "delay_ps"), "wrong").startswith(f"{path}:4: bob.delay_ps")
    assert document.sentence(("bob", "name"), "wrong").startswith(f"{path}:6: bob.name")

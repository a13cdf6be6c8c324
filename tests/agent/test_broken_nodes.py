# SPDX-License-Identifier: Apache-2.0
"""Every broken variant of a node is noticed, and the design passes where it is."""

from pathlib import Path

import pytest
from broken_nodes import VARIANTS, Variant, Violation, table


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_broken_node_is_caught(variant: Variant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variant.found_by(tmp_path / "whole")
    variant.break_(monkeypatch)
    with pytest.raises(Violation):
        variant.found_by(tmp_path / "broken")


def test_the_documentation_lists_these_variants() -> None:
    page = Path(__file__).parents[2] / "docs/reference/broken-variants.md"
    assert table() in page.read_text()

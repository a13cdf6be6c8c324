# SPDX-License-Identifier: Apache-2.0
"""docs/reference/node-states.md says what the table says; ``python tests/agent/test_node_states_page.py``."""

from pathlib import Path

from heraldlink.agent.states import TABLE, State

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "node-states.md"
MARK = "<!-- from the table -->\n"


def rows() -> str:
    """A line for each state: what leads out of it, and where to."""
    lines = ["| in | on | goes to |", "|---|---|---|"]
    for state in State:
        for (before, cause), after in TABLE.items():
            if before is state and after is not state:
                lines.append(f"| {state} | {cause} | {after} |")
    return "\n".join(lines) + "\n"


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text().partition(MARK)[2] == rows(), f"run python {__file__}"


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().partition(MARK)[0] + MARK + rows())

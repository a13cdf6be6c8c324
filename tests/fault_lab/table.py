# SPDX-License-Identifier: Apache-2.0
"""The table of faults, made from the tests: ``python tests/fault_lab/table.py [--write]`` prints or keeps it.

A test marked ``@fault(ROW)`` gives the row its outcome, the first sentence of its docstring; one marked
``@unprotected(ROW, WITHOUT)`` says without which protection the row's scenario was shown to fail.
"""

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
PAGE = TESTS.parent / "docs" / "reference" / "fault-rows.md"
INTRODUCTION = """\
# Faults that nodes survive

Made from the tests by `python tests/fault_lab/table.py --write`; do not edit. Each row is a fault, what is
expected of the nodes, what the test of that row shows, and without which protections it was shown to fail.
Seven invariants hold in all of them, and after each test of `tests/faults` on a whole laboratory its history
is checked against them, from the three journals, what clients were told, and what reached the instruments:

1. no acknowledged pair is lost or delivered twice, and every request ends in exactly one state everywhere;
2. nothing acts on an instrument outside a valid lease;
3. outputs are off where control was lost;
4. the journals of both nodes and of the midpoint name the same attempt for each confirmed pair;
5. every running node answers `status` within 1 s;
6. memory and open files stay bounded;
7. a refusal is one clear sentence that names the culprit, and no node's log holds a traceback.

How to break a laboratory in a test of your own: `tests/fault_lab/__init__.py`. Faults of single instruments:
[faults](faults.md).
"""


@dataclass
class Shown:
    """What the tests show of one row."""

    outcomes: list[str] = field(default_factory=list[str])
    files: list[str] = field(default_factory=list[str])
    without: list[str] = field(default_factory=list[str])


def marks(tests: Path = TESTS) -> dict[int, Shown]:
    """Everything the tests' marks say, by row. Raises ValueError for a marked test without a docstring."""
    found: dict[int, Shown] = {}
    for path in sorted(tests.rglob("test_*.py")):
        text = path.read_text()
        if "fault(" in text or "unprotected(" in text:
            for function, name, arguments in decorated(ast.parse(text)):
                keep(found, path.relative_to(tests.parent).as_posix(), function, name, arguments)
    return found


def decorated(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef, str, list[object]]]:
    """(test, "fault" or "unprotected", arguments) of each mark, also of one case of a parametrized test."""
    for function in ast.walk(tree):
        for decorator in function.decorator_list if isinstance(function, ast.FunctionDef) else ():
            for mark in ast.walk(decorator):
                name = mark.func.id if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) else ""
                if isinstance(mark, ast.Call) and name in ("fault", "unprotected"):
                    yield function, name, [ast.literal_eval(item) for item in mark.args]


def keep(
    found: dict[int, Shown], file: str, function: ast.FunctionDef, name: str, arguments: list[object]
) -> None:
    """Add one mark."""
    if name == "unprotected":
        row, without = arguments
        found.setdefault(int(str(row)), Shown()).without.append(str(without))
        return
    told = ast.get_docstring(function)
    if not told:
        raise ValueError(f"{file}: {function.name} shows rows {arguments} and needs a docstring: the outcome")
    outcome = " ".join(told.split("\n\n")[0].split()).rstrip(".")
    for row in arguments:
        shown = found.setdefault(int(str(row)), Shown())
        shown.outcomes.append(outcome)
        shown.files += [file] if file not in shown.files else []


def page(found: dict[int, Shown]) -> str:
    """The page."""
    rows = YAML(typ="safe").load(HERE / "rows.yaml")
    tested, proved = (
        sum(bool(item.outcomes) for item in found.values()),
        sum(bool(i.without) for i in found.values()),
    )
    lines = [
        INTRODUCTION,
        f"{tested} of {len(rows)} rows have a test; {proved} of them are shown to fail unprotected.",
    ]
    section = ""
    for number, row in rows.items():
        if row["section"] != section:
            section = row["section"]
            lines += [
                "",
                f"## {section}",
                "",
                "| | fault | expected | shown | fails without |",
                "|---|---|---|---|---|",
            ]
        lines.append(line(number, row, found.get(number, Shown())))
    return "\n".join(lines) + "\n"


def line(number: int, row: dict[str, str], shown: Shown) -> str:
    """One row."""
    names = ", ".join(f"[{Path(file).stem}](../../{file})" for file in shown.files)
    outcome = f"{'; '.join(shown.outcomes)} ({names})" if shown.outcomes else "no test yet"
    cells = (str(number), row["fault"], row["expected"], outcome, "; ".join(shown.without))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    """Print the page, or keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(TESTS.parent)}")
    text = page(marks())
    if parser.parse_args().write:
        PAGE.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()

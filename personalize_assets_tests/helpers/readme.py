"""README.md and other pages taken apart: code blocks and tables."""

from __future__ import annotations

import re
from textwrap import dedent

from personalize_assets_tests.helpers.samples import REPO

README = (REPO / "README.md").read_text()


def blocks(text: str, language: str = "") -> list[str]:
    """The code blocks of a language, without their indentation."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, name, block in found if name == language]


def table(text: str, header: str) -> list[list[str]]:
    """The rows of the table whose first header cell is `header`; a cell's backticks are taken off."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {header} |"):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows

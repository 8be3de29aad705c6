"""The pages of the documentation taken apart: README and ``docs/``, their blocks and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from personalize_assets_tests.helpers.readme import blocks
from personalize_assets_tests.helpers.samples import REPO

PAGES: tuple[str, ...] = (
    "README.md",
    *(str(page.relative_to(REPO)) for page in sorted((REPO / "docs").rglob("*.md"))),
)
"""Paths of all pages, from the repository's folder."""

NOT_RUN: tuple[tuple[str, str, str], ...] = (
    (
        "docs/tutorial/segment.md",
        "",
        "needs accounts at Segment and AWS; end_to_end/test_sent_events.py follows the way",
    ),
    ("", r"make demo", ".ci/run runs it"),
    ("", r"make dev", "serves until Ctrl-C; end_to_end/test_ui.py starts dg as it does"),
    ("", r"personalize-assets dev", "serves until Ctrl-C; end_to_end/test_wheel.py opens the UI"),
    (
        "docs/tutorial/sample.md",
        r"(python3 -m venv|pip install|mkdir)",
        "end_to_end/test_wheel.py installs the wheel, and makes the project in a new folder",
    ),
    (
        "docs/how-to/installation.md",
        r"(python3 -m venv|pip|personalize-assets init)",
        "would install from a registry; end_to_end/test_wheel.py installs the wheel and makes a project",
    ),
    (
        "docs/how-to/report.md",
        r"personalize-assets report",
        "needs a project; end_to_end/test_wheel.py has one",
    ),
    ("docs/how-to/production.md", r"(python3|mkdir|dagster|cp)", "end_to_end/test_production.py starts it on Postgres"),
    (
        "",
        r"(docker|kubectl)",
        "needs Docker or a cluster; project/test_docker.py and test_kubernetes.py look at the files",
    ),
    ("", r"dagster instance", "needs a Dagster instance of your own"),
    ("", r"personalize-assets (deploy|forget|import)", "needs an AWS account"),
    ("", r"personalize-assets send(?!.*--dry-run)", "needs a service; integration/generate/ has servers"),
    ("", r"personalize-assets .*s3://", "needs a bucket"),
    ("docs/how-to/run.md", r"export DAGSTER_HOME", "the same lines of docs/tutorial/sample.md are run"),
    ("docs/how-to/send.md", r"personalize-assets run", "needs the bucket of the lines before"),
)
"""Page (or any), pattern of a command's beginning, and why no test runs it as it is printed."""

_ASSIGNMENT = re.compile(r"[A-Z_]+=")


def shell_lines(page: str) -> Iterator[str]:
    """The commands in a page's blocks of ``bash``, one by one; lines that end with a backslash are joined."""
    for block in blocks((REPO / page).read_text(), "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line


def reasons(page: str, line: str) -> list[int]:
    """The positions in ``NOT_RUN`` of what keeps a line from being run."""
    command = " ".join(without_assignments(shlex.split(line, comments=True)))
    return [
        n
        for n, (where, beginning, _) in enumerate(NOT_RUN)
        if where in ("", page) and re.match(beginning, command.removeprefix(".venv/bin/"))
    ]


def without_assignments(words: list[str]) -> list[str]:
    """A command's words without the variables that are set before it."""
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    return words


def without_comment(line: str) -> str:
    """A line without what follows a ``#`` behind a blank."""
    return re.sub(r"\s+#.*", "", line)


def to_run(page: str) -> list[str]:
    """The lines of a page that a test runs, as they are printed."""
    return [line for line in shell_lines(page) if not reasons(page, line)]


def own_commands(page: str) -> Iterator[list[str]]:
    """The words behind ``personalize-assets`` of every command in a page: blocks of any kind, and code in a line."""
    text = (REPO / page).read_text().replace("\\\n", " ")
    for line in re.findall(r"^[ $]*(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?personalize-assets (.+)$", text, re.MULTILINE):
        if "[OPTIONS]" not in line and "`" not in line:
            yield shlex.split(line, comments=True)


def own_mentions(page: str) -> Iterator[list[str]]:
    """The words behind ``personalize-assets`` of every command that is named in a sentence."""
    text = re.sub(r"^ *```.*?^ *```$", "", (REPO / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    for words in re.findall(r"`(?:\.venv/bin/)?personalize-assets\s+([a-z][^`]*)`", text):
        yield words.split()


def folder_of(page: str) -> Path:
    """The folder that a page's links start at."""
    return (REPO / page).parent

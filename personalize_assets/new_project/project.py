"""The files of a new project. A file that is there is never overwritten."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.new_project.samples import CONFIGS, SMALL, raw_files
from personalize_assets.new_project.templates import DEFINITIONS, ENV, GITIGNORE, WORKSPACE

CONFIG = "personalize.yaml"
_FILES = {".env": ENV, ".gitignore": GITIGNORE, "definitions.py": DEFINITIONS, "workspace.yaml": WORKSPACE}
_DESTINATION = "data"
_WARN = (
    "checks: warn                    # the sample is below Personalize's minimums; remove this for your own events\n\n"
)


@dataclass(frozen=True)
class NewProject:
    """What was written, and what was there already: names of files and folders; and notes on the config."""

    written: Sequence[str]
    kept: Sequence[str]
    notes: Sequence[str] = ()


def from_source(source: str, folder: Path) -> NewProject:
    """A project whose config is suggested from raw files.

    Raises ``PersonalizeAssetsError`` if the folder has a config already, or the files give none; nothing is written.
    """
    from personalize_assets.suggest import suggest_config  # slow to import, and needed here only

    _check_new(folder, [CONFIG])
    found = suggest_config(source, None, folder)
    return _write(folder, found.text, [], found.notes)


def from_sample(name: str, folder: Path) -> NewProject:
    """A project with a sample's config and a copy of its raw files.

    Raises ``PersonalizeAssetsError`` if the folder has a config or a folder of the sample's name; nothing is written.
    """
    raw = raw_files(name)
    _check_new(folder, [CONFIG, raw.name])
    text = _with_destination(CONFIGS[name].read_text(encoding="utf-8"))
    if name in SMALL and "\nchecks:" not in text:
        text = text.replace("dataset_group:", f"{_WARN}dataset_group:", 1)
    try:
        shutil.copytree(raw, folder / raw.name, ignore=shutil.ignore_patterns("expected", "*.pyc"))
    except OSError as error:
        raise PersonalizeAssetsError(f"{folder / raw.name}: cannot be written: {error}") from None
    return _write(folder, text, [f"{raw.name}/"])


def next_steps(folder: Path) -> list[str]:
    """Commands to go on with, from the working folder."""
    here = folder.absolute() == Path.cwd()
    return [
        *([] if here else [f"cd {shlex.quote(str(folder))}"]),
        "personalize-assets validate    # what would match, what would be rejected; writes nothing",
        "personalize-assets run         # converts all days and exports the CSVs",
        "personalize-assets rejects     # what could not be used, and why",
        "personalize-assets dev         # opens Dagster's UI",
    ]


def _with_destination(text: str) -> str:
    """A sample's config with the project's destination; comments stay in their column."""
    found = re.search(r"^destination:\n  uri: (\S+ *)", text, re.MULTILINE)
    assert found
    return (
        text[: found.start(1)]
        + _DESTINATION.ljust(len(found[1]) if found[1].endswith(" ") else 0)
        + text[found.end(1) :]
    )


def _check_new(folder: Path, names: Sequence[str]) -> None:
    there = [name for name in names if os.path.lexists(folder / name)]
    if there:
        raise PersonalizeAssetsError(
            f"{folder / there[0]} already exists, and nothing was written; name another folder, or remove it first"
        )


def _write(folder: Path, config: str, written: Sequence[str], notes: Sequence[str] = ()) -> NewProject:
    written, kept = list(written), []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {CONFIG: config, **_FILES}.items():
            try:
                with (folder / name).open("x", encoding="utf-8") as file:
                    file.write(text)
                written.append(name)
            except FileExistsError:
                if name == ".gitignore" and _add_missing_lines(folder / name, text):
                    written.append(f"lines of {name}")
                else:
                    kept.append(name)
    except OSError as error:
        raise PersonalizeAssetsError(f"{folder}: cannot be written: {error}") from None
    return NewProject(written, kept, notes)


def _add_missing_lines(file: Path, text: str) -> bool:
    """Add what a file lacks of the lines of a text, so that git does not take secrets; whether it lacked any."""
    there = file.read_text(encoding="utf-8")
    missing = [line for line in text.splitlines() if line not in there.splitlines()]
    if missing:
        separator = "" if there.endswith("\n") or not there else "\n"
        with file.open("a", encoding="utf-8") as end:
            end.write(separator + "".join(f"{line}\n" for line in missing))
    return bool(missing)

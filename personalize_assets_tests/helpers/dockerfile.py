"""docker/Dockerfile as tests read it, and its installation without Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from personalize_assets_tests.helpers.samples import REPO

DOCKERFILE = REPO / "docker" / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    """One instruction, on one line; options such as ``--mount=`` are apart."""

    name: str
    options: tuple[str, ...]
    text: str

    @property
    def words(self) -> list[str]:
        """The words of an instruction in JSON (``CMD``, ``HEALTHCHECK``), else those between spaces."""
        start = self.text.find("[")
        return cast("list[str]", json.loads(self.text[start:])) if start >= 0 else self.text.split()


def stages(text: str | None = None) -> list[list[Instruction]]:
    """The instructions of each stage, each beginning with its ``FROM``; what precedes the first one is left out."""
    text = DOCKERFILE.read_text() if text is None else text
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line.strip():
            continue
        name, *words = line.split()
        if name == "FROM":
            found.append([])
        options = []
        rest = line[len(name) :].strip()
        while words and words[0].startswith("--"):
            options.append(words.pop(0))
            rest = rest[len(options[-1]) :].strip()
        if found:
            found[-1].append(Instruction(name, tuple(options), rest))
    return found


def command() -> list[str]:
    """What the image starts."""
    (found,) = [one.words for one in stages()[-1] if one.name == "CMD"]
    return found


def health_check() -> list[str]:
    """What asks whether the image is healthy."""
    (found,) = [one.words for one in stages()[-1] if one.name == "HEALTHCHECK"]
    return found


def install(folder: Path) -> Path:
    """Run the first stage's commands, with its folders below this one; returns the environment for the image.

    ``pip`` is that of a new environment, which stands for the Python of the base image.
    """
    base, build = folder / "base", folder / "build"
    venv.create(base, with_pip=True, symlinks=True)
    build.mkdir()
    for one in stages()[0]:
        if one.name == "COPY":
            *sources, target = one.words
            for source in sources:
                _copy(REPO / source, build / target / (source if target == "./" else ""))
        elif one.name == "RUN":
            text = one.text
            for place in ("/opt/venv", "/wheels"):
                text = text.replace(place, str(folder / place.rsplit("/", 1)[1]))
            done = subprocess.run(
                ["sh", "-ec", text],
                cwd=build,
                # Without bytecode, which nothing in a test needs twice.
                env={
                    **os.environ,
                    "PATH": f"{base / 'bin'}:{os.environ['PATH']}",
                    "PIP_COMPILE": "0",
                    "PIP_QUIET": "1",
                },
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "venv"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def runs_here() -> bool:
    """Whether this Python has the minor version of the image's."""
    (image,) = re.findall(r"^ARG PYTHON_IMAGE=python:(\d+\.\d+)\.", DOCKERFILE.read_text(), re.MULTILINE)
    return bool(image == f"{sys.version_info.major}.{sys.version_info.minor}")

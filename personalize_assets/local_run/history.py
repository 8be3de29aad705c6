"""The folder of Dagster's history on a user's machine: one for each dataset group, so that their runs do not mix.

    python -m personalize_assets.local_run.history [config]    # prints it

The configs of two groups have assets of the same names: in one folder, the page of one would show the runs of the
other.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from personalize_assets.config import load_config

_SETTINGS = "telemetry: {enabled: false}\nnux: {enabled: false}\nconcurrency: {runs: {max_concurrent_runs: 2}}\n"
_NO_LETTER_OF_A_FOLDER = re.compile(r"[^A-Za-z0-9._-]")


def history_folder(dataset_group: str, top: Path) -> Path:
    """The folder of a group below ``top``; it is made, with Dagster's settings, if it is not there."""
    folder = top / _NO_LETTER_OF_A_FOLDER.sub("_", dataset_group)
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_SETTINGS)
    return folder


def main(arguments: list[str]) -> int:
    """Print the folder of a config's group below ``.dagster`` in the working folder."""
    config = load_config(arguments[0] if arguments else None, os.environ)
    print(history_folder(config.dataset_group.name, Path.cwd() / ".dagster"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

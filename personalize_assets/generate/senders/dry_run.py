"""Batches as files instead of requests."""

import re
from collections.abc import Sequence
from pathlib import Path

from personalize_assets.generate.senders.messages import ALL, SOURCES, Message
from personalize_assets.generate.senders.target import Answer, Target

_FILE_NAME = re.compile(rf"(?:{'|'.join((ALL, *SOURCES))})-\d{{5,}}\.json")


class DryRun:
    """Writes what would be sent into a folder, a file for each request: ``web-00001.json``.

    The first one replaces the files of an earlier dry run.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        """Raises ``ValueError`` for what is no folder, or one with files that no dry run has written."""
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"out: {folder} is not a folder; name another one")
        self._earlier = sorted(folder.iterdir()) if folder.exists() else []
        others = [file.name for file in self._earlier if not (file.is_file() and _FILE_NAME.fullmatch(file.name))]
        if others:
            raise ValueError(
                f"out: {folder} has {others[0]}, which no dry run has written; name an empty folder or a new one"
            )
        self.address = f"{target.address} (dry run: {folder})"
        self.limits = target.limits
        self.body = target.body
        self._folder = folder
        self._files = 0

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        """Write a batch."""
        while self._earlier:
            self._earlier.pop().unlink()
        self._files += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{source}-{self._files:05d}.json").write_bytes(self.body(messages))
        return Answer()

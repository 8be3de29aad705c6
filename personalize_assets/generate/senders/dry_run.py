"""Batches as files instead of requests."""

from collections.abc import Sequence
from pathlib import Path

from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import Answer, Target


class DryRun:
    """Writes what would be sent into a folder, a file for each request: ``web-00001.json``."""

    def __init__(self, target: Target, folder: Path) -> None:
        """Raises ``ValueError`` if the folder has something in it."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ValueError(f"out: {folder} is not an empty folder; remove it or name a new one")
        self.address = f"{target.address} (dry run: {folder})"
        self.limits = target.limits
        self.body = target.body
        self._folder = folder
        self._files = 0

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        """Write a batch."""
        self._files += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{source}-{self._files:05d}.json").write_bytes(self.body(messages))
        return Answer()

"""What the export of one dataset gives, and where it writes besides its parts."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from personalize_assets.conversion.export.export_profile import PartProfile
from personalize_assets.conversion.kept import Kept, PartReport
from personalize_assets.conversion.reading.filesystem import FileSystem


class Places(NamedTuple):
    """URIs of folders: of files that are of no use after the export, and of those that the next export uses."""

    scratch: str
    keep_in: str

    def keep(self, name: str) -> str:
        """The URI of a file for the next export."""
        return f"{self.keep_in}/{name}"


class Exported(NamedTuple):
    """The parts in the order of the file, and their profile. Others as in ``DatasetExported``."""

    parts: tuple[PartReport, ...]
    profile: PartProfile
    reused: int = 0
    kept: Kept | None = None


def write_profile(uri: str, profile: PartProfile, s3: dict[str, Any]) -> None:
    """Keep a profile for the next export."""
    with FileSystem(s3).create(uri) as file:
        file.write(msgspec.msgpack.encode(profile))


def read_profile(uri: str, s3: dict[str, Any]) -> PartProfile:
    """A profile that an export before kept."""
    with FileSystem(s3).open(uri) as file:
        return msgspec.msgpack.decode(file.read(), type=PartProfile)

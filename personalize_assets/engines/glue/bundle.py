"""What is shipped to Glue: the job's script, the zip of ``conversion/``, and the CloudFormation template."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import personalize_assets
from personalize_assets.errors import PersonalizeAssetsError

GLUE_VERSIONS = ("5.1", "6.0", "auto")
"""Versions of Glue that the conversion runs on.

5.1 has Spark 3.5.6 on Python 3.11, 6.0 has Spark 4.1.1 on Python 3.13; ``auto`` follows new versions. pyarrow 17.0.0 of
5.0 and Python 3.10 of 4.0 are too old.
"""

_PACKAGE = Path(personalize_assets.__file__).parent
# The earliest time that zip can store, for every file: so the same sources give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Artifact(NamedTuple):
    """A file for S3. Its name has the digest of its content, so that a new version never replaces one in use."""

    name: str
    content: bytes

    @classmethod
    def of(cls, stem: str, suffix: str, content: bytes) -> Artifact:
        """The artifact ``<stem>-<digest><suffix>``."""
        return cls(f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{suffix}", content)


def script() -> Artifact:
    """The job's script, ``glue/convert.py``."""
    return Artifact.of("convert", ".py", glue_file("convert.py"))


@cache
def library() -> Artifact:
    """``conversion/`` as a zip for ``--extra-py-files``. The same sources give the same bytes.

    Stored without compression, because zlib's output differs between builds of Python.
    """
    sources = [_PACKAGE / "__init__.py", *sorted((_PACKAGE / "conversion").rglob("*.py"))]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for source in sources:
            entry = zipfile.ZipInfo(source.relative_to(_PACKAGE.parent).as_posix(), _NO_TIME)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, on every platform
            archive.writestr(entry, source.read_bytes())
    return Artifact.of("personalize_assets", ".zip", packed.getvalue())


def template() -> str:
    """The text of ``glue/template.yaml``."""
    return glue_file("template.yaml").decode()


def glue_file(name: str) -> bytes:
    """A file of the folder ``glue/``: beside the package in a clone, inside it in an installation (setup.py)."""
    for folder in (_PACKAGE.parent / "glue", _PACKAGE / "engines" / "glue" / "files"):
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    raise PersonalizeAssetsError(
        f"glue/{name} is neither beside the package nor in it; install the package again, or deploy from a clone"
    )

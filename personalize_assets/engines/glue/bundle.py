"""What goes to Glue: the job's script, the zip of ``conversion/``, and the modules that Glue must install as well."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import personalize_assets
from personalize_assets.errors import PersonalizeAssetsError

# What the conversion imports beyond Glue's own packages, which have pyarrow 22.0.0 and pandas 2.3.3 in 5.1, 23.0.1 and
# 2.3.3 in 6.0 (AWS Glue guide, page "Using Python libraries with AWS Glue"). A test holds that these are the versions
# of constraints.txt, with which everything here is tested.
ADDITIONAL_MODULES = ("dagster-pipes==1.13.27", "isal==1.9.1", "msgspec==0.22.0")

# Spark 3.5.6 on Python 3.11, and Spark 4.1.1 on Python 3.13. 5.0 has a pyarrow (17.0.0) that is too old; 4.0 and older
# have Python 3.10 and less. "auto" moves on to newer versions by itself.
GLUE_VERSIONS = ("5.1", "6.0", "auto")

_PACKAGE = Path(personalize_assets.__file__).parent
# The earliest that zip knows: a file's own time would make other bytes of the same sources.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Artifact(NamedTuple):
    """A file for S3. Its name holds its content's digest, so that a running job never sees another one under it."""

    name: str
    content: bytes

    @classmethod
    def of(cls, stem: str, suffix: str, content: bytes) -> Artifact:
        return cls(f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{suffix}", content)


def script() -> Artifact:
    return Artifact.of("convert", ".py", glue_file("convert.py"))


@cache
def library() -> Artifact:
    """``conversion/`` as a zip for ``--extra-py-files``: the same sources give the same bytes.

    Stored and not deflated: zlib's output is not the same in all builds of Python.
    """
    sources = [_PACKAGE / "__init__.py", *sorted((_PACKAGE / "conversion").rglob("*.py"))]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for source in sources:
            entry = zipfile.ZipInfo(source.relative_to(_PACKAGE.parent).as_posix(), _NO_TIME)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is built
            archive.writestr(entry, source.read_bytes())
    return Artifact.of("personalize_assets", ".zip", packed.getvalue())


def template() -> str:
    return glue_file("template.yaml").decode()


def glue_file(name: str) -> bytes:
    """A file of the folder ``glue/``: beside the package in a clone, inside it where it was installed (setup.py)."""
    for folder in (_PACKAGE.parent / "glue", _PACKAGE / "engines" / "glue" / "files"):
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    raise PersonalizeAssetsError(
        f"glue/{name} is neither beside the package nor in it; install the package again, or deploy from a clone"
    )

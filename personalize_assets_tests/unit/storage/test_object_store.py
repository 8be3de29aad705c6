"""Opening a store."""

import shutil
import subprocess
import sys
from pathlib import Path

from personalize_assets.storage.folder import FolderStore
from personalize_assets.storage.object_store import open_store
from personalize_assets.storage.s3 import S3Store


def test_a_uri_of_s3_is_a_bucket_and_any_other_a_folder() -> None:
    assert isinstance(open_store("s3://events/raw"), S3Store)
    assert isinstance(open_store("s3-like/folder"), FolderStore)


def test_a_store_is_opened_without_touching_anything(tmp_path: Path) -> None:
    open_store(str(tmp_path / "nothing"))
    open_store("s3://nowhere/at/all")

    shutil.rmtree(tmp_path)  # nothing was made, nothing was called


def test_a_folder_is_opened_without_loading_what_only_s3_needs() -> None:
    code = (
        "import sys; from personalize_assets.storage.object_store import open_store; open_store('raw'); "
        "print({'boto3', 'botocore', 'personalize_assets.storage.s3'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"

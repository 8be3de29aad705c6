"""Folders and buckets behind one small interface: what Dagster's own process reads and writes.

Keys are relative to the store's URI and use ``/``. Spark's tasks do not come here (``conversion.files``).
"""

from personalize_assets.aws.client import Aws
from personalize_assets.storage.folder import FolderStore
from personalize_assets.storage.s3 import S3Store
from personalize_assets.storage.store_protocol import Joined, Store, StoreBusy, StoredFile, StoreError

__all__ = ["FolderStore", "Joined", "S3Store", "Store", "StoreBusy", "StoreError", "StoredFile", "open_store"]


def open_store(uri: str, aws: Aws | None = None) -> Store:
    """The store behind a URI: ``s3://bucket/prefix``, or a folder. Nothing is touched yet."""
    return S3Store(uri, aws) if uri.startswith("s3://") else FolderStore(uri)

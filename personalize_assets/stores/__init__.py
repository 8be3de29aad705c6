"""Folders and buckets behind one small interface: what Dagster's own process reads and writes.

Keys are relative to the store's URI and use ``/``. Spark's tasks do not come here (``conversion.files``).
"""

from personalize_assets.aws import Aws
from personalize_assets.stores.base import Joined, Store, StoreBusy, StoredFile, StoreError
from personalize_assets.stores.folder import FolderStore
from personalize_assets.stores.s3 import S3Store

__all__ = ["FolderStore", "Joined", "S3Store", "Store", "StoreBusy", "StoreError", "StoredFile", "open_store"]


def open_store(uri: str, aws: Aws | None = None) -> Store:
    """The store behind a URI: ``s3://bucket/prefix``, or a folder. Nothing is touched yet."""
    return S3Store(uri, aws) if uri.startswith("s3://") else FolderStore(uri)

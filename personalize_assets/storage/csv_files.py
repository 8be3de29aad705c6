"""A dataset's CSVs as they lie there, one file or a folder of files, and what the manifest says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from personalize_assets.storage.destination import Destination


def put_single_file(
    destination: Destination, dataset: str, header: bytes, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Join the parts of an export's report into ``exports/<dataset>.csv``."""
    filled = [part for part in parts if part["rows"]]
    joined = destination.put_csv(dataset, header, [destination.key_of(part["csv"]) for part in filled])
    key = destination.csv_key(dataset)
    file = {"key": key, "rows": sum(part["rows"] for part in filled), **joined._asdict()}
    return {**joined._asdict(), "path": key, "files": [file]}


def put_folder(
    destination: Destination, folder: str, header: bytes, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Take a folder of CSVs as an engine wrote it; without any row, a file that is the header alone.

    The path ends with a slash, as Personalize wants that of a folder. The digest is that of the files' digests, a line
    each, in their order.
    """
    files = [
        {
            "key": destination.key_of(part["csv"]),
            "rows": part["rows"],
            "bytes": part["csv_bytes"],
            "sha256": part["csv_sha256"],
        }
        for part in parts
        if part["rows"]
    ]
    if not files:
        empty = {"key": f"{folder}/00000.csv", "rows": 0, "bytes": len(header)}
        files = [{**empty, "sha256": hashlib.sha256(header).hexdigest()}]
        destination.store.write(f"{folder}/00000.csv", header)
    destination.must_hold_csvs(folder, {file["key"]: file["bytes"] for file in files})
    digests = "".join(f"{file['sha256']}\n" for file in files)
    return {
        "bytes": sum(file["bytes"] for file in files),
        "sha256": hashlib.sha256(digests.encode()).hexdigest(),
        "path": f"{folder}/",
        "files": files,
    }

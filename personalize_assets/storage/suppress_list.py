"""The list of users who are not to be exported: CSVs with the one column USER_ID, as Personalize's deletion takes it.

What belongs here: reading and extending the list. What does not: what the ids mean for an export
(``pipeline.suppression``). Errors name lines, never ids: those are personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from personalize_assets.config.models import Aws
from personalize_assets.conversion.export.csv_cells import text_cells
from personalize_assets.conversion.export.suppressed import USER_ID, UserIds
from personalize_assets.conversion.mapping.values import one_line
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.object_store import ObjectStore, open_store

MAX_BYTES = 100 * 1000 * 1000
"""Personalize guide, page delete-records: at most 100 MB of ids for one data deletion job."""
SUFFIX = ".csv"
"""A URI that ends so is one file; any other one is a folder, all of whose files with this end are read."""
_ADDED = "deleted.csv"
_HEADER = f"{USER_ID}\n".encode()
_WHAT = f"write a CSV with the header {USER_ID} and one id a line"
# A cell as exports write it.
_CELL = re.compile(rb'"(?:[^"\\]|\\["\\])*"|[^",\\]*')
# What `mapping.values.one_line` changes, but for line feeds, which end an id.
_NOT_IN_IDS = "[\\x00\\x0b\\x0c\\x1c\\x1d\\x1e\\x{85}\\x{2028}\\x{2029}]"
_MAX_TRIES = 20


class NoSuppressList(PersonalizeAssetsError):
    """There is no list yet."""


def read(uris: Sequence[str], aws: Aws | None = None) -> UserIds:
    """The ids of all files of the list.

    Raises:
        NoSuppressList: A file does not exist, or a folder has no CSV.
        PersonalizeAssetsError: A file is no such CSV, or all are larger than 100 MB; or a store's error.
    """
    left = MAX_BYTES
    found: list[pa.Array] = []
    for uri in uris:
        store, prefix = _place(uri, aws)
        keys = [file for file in store.files(prefix) if _is_of_list(file.key, prefix)]
        if not keys:
            missing = "there is no such file" if uri.endswith(SUFFIX) else f"the folder has no {SUFFIX} file"
            raise NoSuppressList(
                f"suppress: {uri}: {missing}; {_WHAT} there (the header alone if there are no ids yet), or run "
                "`personalize-assets forget`, which creates it"
            )
        for file in keys:
            left -= file.bytes
            if left < 0:
                raise PersonalizeAssetsError(
                    f"suppress: {uri}: the list has more than {MAX_BYTES // 10**6} MB, the most that Personalize "
                    "deletes at once; remove ids whose events are no longer in the source"
                )
            data = store.read(file.key)
            if data is not None:  # else deleted since it was listed
                found.append(parse(data, f"suppress: {store.uri}/{file.key}"))
    return UserIds(pa.concat_arrays(found) if found else pa.array([], pa.string()))


def add(uri: str, ids: Iterable[str], aws: Aws | None = None) -> int:
    """Add ids to a file of the list, or to ``deleted.csv`` of a folder; creates it if there is none.

    The file is written only if no other process has changed it meanwhile: then the ids are added to what that wrote. It
    is sorted, and has each id once.

    Returns how many ids were new; with none nothing is written. Raises as ``read`` does.
    """
    store, prefix = _place(uri, aws)
    key = prefix if uri.endswith(SUFFIX) else f"{prefix}{_ADDED}"
    more = UserIds(ids)
    for _ in range(_MAX_TRIES):
        before = store.read_version(key)
        former = parse(before.data, f"suppress: {store.uri}/{key}") if before else pa.array([], pa.string())
        known = UserIds(former)
        both = UserIds([*known.texts(), *more.texts()])
        if before and len(both) == len(known):
            return 0
        data = format_list(both)
        if len(data) > MAX_BYTES:
            raise PersonalizeAssetsError(
                f"suppress: {store.uri}/{key} would have more than {MAX_BYTES // 10**6} MB, the most that Personalize "
                "deletes at once; nothing was changed"
            )
        if store.swap(key, data, before):
            store.make_private([key])
            return len(both) - len(known)
    raise PersonalizeAssetsError(f"suppress: {store.uri}/{key} is changed by others all the time; run again")


def format_list(ids: UserIds) -> bytes:
    """Ids as a file of the list, which is also what a data deletion job of Personalize reads."""
    cells = text_cells(pa.array(ids.texts(), pa.string()))
    return _HEADER + "".join(f"{cell}\n" for cell in cells.to_pylist()).encode()


def parse(data: bytes, name: str) -> pa.Array:
    """The ids of a file of the list, in its order; quoted and escaped as in the CSVs of an export.

    Raises ``PersonalizeAssetsError`` with ``name`` and a line for what is no such file.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PersonalizeAssetsError(f"{name}: line {line} is not UTF-8; save it as UTF-8") from None
    first, _, rest = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    if first.strip() not in (USER_ID.encode(), b'"%s"' % USER_ID.encode()):
        raise PersonalizeAssetsError(f"{name}: the header is not {USER_ID}; {_WHAT}")
    if not rest:
        return pa.array([], pa.string())
    if b'"' in rest or b"\\" in rest:
        _check_quotes(rest, name)
    ids = _column(rest, name)
    empty = pc.index(pc.fill_null(pc.equal(pc.utf8_trim_whitespace(ids), ""), True), True).as_py()
    if empty >= 0:
        raise PersonalizeAssetsError(f"{name}: line {empty + 2} has no id; remove the line")
    broken = pc.index(pc.match_substring_regex(ids, r"[\r\n]"), True).as_py()
    if broken >= 0:
        raise PersonalizeAssetsError(f"{name}: the id on line {broken + 2} holds a line break; {_WHAT}")
    return _on_one_line(ids)


def _on_one_line(ids: pa.Array) -> pa.Array:
    """Ids as daily files have them, without NUL and other line breaks."""
    if not pc.any(pc.match_substring_regex(ids, _NOT_IN_IDS)).as_py():
        return ids
    return pa.array([one_line(text) for text in ids.to_pylist()], pa.string())


def _check_quotes(lines: bytes, name: str) -> None:
    """Raise for a cell that a reader of other CSVs would take for another id, as one with doubled quotes."""
    for number, line in enumerate(lines.split(b"\n"), 2):
        if not _CELL.fullmatch(line.rstrip(b"\r")):
            raise PersonalizeAssetsError(
                f"{name}: line {number} is quoted in another way than the CSVs of an export; put an id with a comma, a "
                "quote or a backslash into quotes, and a backslash before each quote and backslash in it"
            )


def _column(lines: bytes, name: str) -> pa.Array:
    wrong: list[int] = []

    def stop(row: Any) -> str:
        wrong.append(row.number + 1)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(lines),
            read_options=pyarrow.csv.ReadOptions(column_names=[USER_ID], use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(
                double_quote=False, escape_char="\\", ignore_empty_lines=False, invalid_row_handler=stop
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={USER_ID: pa.string()}, null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:  # its text may quote an id
        found = re.search(r"Row #(\d+)", str(error))
        where = f"line {int(found[1]) + 1}" if found else "a line"
        raise PersonalizeAssetsError(f"{name}: {where} is no CSV; {_WHAT}") from None
    if wrong:
        raise PersonalizeAssetsError(f"{name}: line {wrong[0]} has several cells; {_WHAT}")
    return table.column(USER_ID).combine_chunks()


def ids_of_file(data: bytes, name: str) -> UserIds:
    """The ids of a file that is such a CSV, or has one id a line without a header, each as it is written there.

    Raises as ``parse`` does.
    """
    first = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].strip()
    has_header = first in (USER_ID.encode(), b'"%s"' % USER_ID.encode())
    if has_header:
        return UserIds(parse(data, name))
    if first.strip(b'"').upper() == USER_ID.encode():
        raise PersonalizeAssetsError(f"{name}: the header is not {USER_ID}; {_WHAT}")
    try:
        lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PersonalizeAssetsError(f"{name}: line {line} is not UTF-8; save it as UTF-8") from None
    ids = [line.removesuffix("\r") for line in lines]
    if data and not all(map(str.strip, ids)):
        empty = next(number for number, id in enumerate(ids, 1) if not id.strip())
        raise PersonalizeAssetsError(f"{name}: line {empty} has no id; remove the line")
    return UserIds(map(one_line, ids) if data else ())


def _place(uri: str, aws: Aws | None) -> tuple[ObjectStore, str]:
    """The store of a URI of the list, and the key of its file or the prefix of its folder there."""
    if not uri.endswith(SUFFIX):
        return open_store(uri, aws), ""
    folder, _, key = uri.rpartition("/")
    return open_store(folder or "/", aws), key


def _is_of_list(key: str, prefix: str) -> bool:
    return key == prefix if prefix else key.endswith(SUFFIX)


def file_to_add_to(uris: Sequence[str]) -> str:
    """The URI of the file to add ids to: the first of the list, or one in its folder."""
    return uris[0] if uris[0].endswith(SUFFIX) else f"{uris[0]}/{_ADDED}"

"""What a file's first bytes show: Unicode that is not UTF-8, or a format that is not read here."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

SNIFFED_BYTES = 64 * 1024
"""How much of a file is looked at for its format."""
UNREADABLE_FILE = "unreadable_file"
"""Reason of the reject for a file of no supported format."""

_UNPACK = "unpack it, or pack it with gzip"
_CONVERT = "write it as JSON, one event a line"
_AUTO = "write it without another compression around it, and set source.format to auto"
_REMOVE = "remove it from the source"
# By their first bytes: what it is, and what to do about it.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x05\x06", "empty zip archive", _REMOVE),
    (b"7z\xbc\xaf\x27\x1c", "7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "rar archive", _UNPACK),
    (b"\x1f\x9d", "compress (.Z) file", _UNPACK),
    (b"PAR1", "Parquet file", _AUTO),
    (b"Obj\x01", "Avro file", _AUTO),
    (b"ARROW1\0\0", "Arrow file", _CONVERT),
    (b"SQLite format 3\0", "SQLite database", _CONVERT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Microsoft Office file", _CONVERT),
    (b"\x89PNG\r\n\x1a\n", "PNG image", _REMOVE),
    (b"\xff\xd8\xff", "JPEG image", _REMOVE),
    (b"GIF8", "GIF image", _REMOVE),
    (b"%PDF-", "PDF document", _REMOVE),
    (b"\x7fELF", "program", _REMOVE),
)
_TAR_MAGIC, _TAR_PLACE = b"ustar", 257
# The longer ones first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OBJECT = re.compile(rb'\{[ \t\r\n]*+["}]')
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Text has few of them; a fifth of the bytes of packed data are.
_MAX_CONTROL_CHARACTERS = 0.02
_WITHOUT_MARK = re.compile(rb'\{\0(?:[ \t\r\n]\0)*+"\0|\0\{(?:\0[ \t\r\n])*+\0"')


def foreign_format(beginning: bytes, *, is_rows: bool = False) -> tuple[str, str] | None:
    """What a file seems to be that holds no JSON, and what to do; None if events may be found in it.

    ``beginning`` are its first ``SNIFFED_BYTES`` bytes after unpacking, or all of them. Text without any JSON is no
    reason: each of its lines is a reject. Of what is known to be rows (``is_rows``), only magic numbers are looked at.
    """
    for magic, name, advice in _MAGIC:
        if beginning.startswith(magic):
            return name, advice
    if beginning.startswith(_TAR_MAGIC, _TAR_PLACE):
        return "tar archive", _UNPACK
    if beginning.startswith(b"ORC") and _NO_TEXT.search(beginning):
        return "ORC file", _AUTO
    if is_rows or _OBJECT.search(beginning) or encoding_of(beginning):
        return None
    if _WITHOUT_MARK.search(beginning):
        return "UTF-16 text without a byte order mark", "write it as UTF-8"
    control_characters = len(_NO_TEXT.findall(beginning))
    if control_characters > _MAX_CONTROL_CHARACTERS * len(beginning):
        return "binary data of an unknown format", _REMOVE
    try:
        beginning.decode()
    except UnicodeDecodeError as error:
        # A character may be cut off at the end.
        if error.start < len(beginning) - 3 and not control_characters:
            return "Windows-1252 text", "write it as UTF-8"
    return None


def encoding_of(beginning: bytes) -> str | None:
    """The encoding of a text that begins with the byte order mark of UTF-16 or UTF-32, as Python names it."""
    return next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), None)


def as_utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decode blocks and yield them as UTF-8. Halves of surrogate pairs become bytes that are not UTF-8.

    Raises ``UnicodeDecodeError`` behind everything that is whole.
    """
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")

"""The records of what was unloaded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import UnloadedFile, UnloadRecord

DAY = date(2026, 10, 1)
RECORD = UnloadRecord(
    sql="d", statement="s", at=1.5, rows=2, files=(UnloadedFile("a", 3), UnloadedFile("b", 4)), cut={"products": 1}
)


def test_a_record_is_found_by_its_table_and_day(tmp_path: Path) -> None:
    unloads = Destination(str(tmp_path)).unloads
    unloads.put("orders", DAY, RECORD)

    assert unloads.some([("orders", DAY), ("views", DAY), ("orders", date(2026, 10, 2))]) == {("orders", DAY): RECORD}
    assert (tmp_path / "_unloads/day=2026-10-01/orders.json").is_file()
    assert RECORD.bytes == 7


def test_a_damaged_record_counts_as_missing(tmp_path: Path) -> None:
    unloads = Destination(str(tmp_path)).unloads
    unloads.put("orders", DAY, RECORD)
    (tmp_path / unloads.key("orders", DAY)).write_text("{")

    assert unloads.some([("orders", DAY)]) == {}

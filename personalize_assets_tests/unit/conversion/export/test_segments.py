"""Exports one after another, each of which uses what the one before left: the bytes are those of a full export."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.writers import row_group_ends
from personalize_assets.conversion.export import entities, interactions, key_hashes, repeat_search, repeats
from personalize_assets.conversion.export.export import export
from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.months import first_second, month_number
from personalize_assets.conversion.spec import DailyFiles, DatasetExport, DatasetExported, ExportSpec
from personalize_assets.conversion.spread import in_turn

INTERACTIONS = Dataset(
    "interactions",
    (Column("USER_ID", ("user",)), Column("ITEM_ID", ("item",)), Column("TIMESTAMP", ("time",), type="timestamp")),
    where={},
)
USERS = Dataset("users", (Column("USER_ID", ("user",), required=True), Column("CITY", ("city",))), where={})
MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
DAYS = ("2026-09-29", "2026-09-30", "2026-10-01", "2026-10-02", "2026-11-01")
Click = tuple[str, str, int, str | None, int]
Trait = tuple[str, str | None, int | None, str]

SECONDS = st.integers(0, 3)
CLICK = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from("xy"),
    st.builds(lambda month, second: first_second(month_number(month)) + second, st.sampled_from(MONTHS), SECONDS),
    st.sampled_from(["m", "n", "o", "p", None]),
    st.integers(0, 1),
)  # fmt: skip
TRAIT = st.tuples(
    st.sampled_from(["a", "b", "ü"]), st.sampled_from(["Rom", "Ulm", None]), st.sampled_from([1, 2, None]),
    st.sampled_from("mn"),
)  # fmt: skip
CLICKS, TRAITS = st.lists(CLICK, max_size=6), st.lists(TRAIT, max_size=4)


def write_daily(file: Path, dataset: Dataset, rows: Sequence[tuple[Any, ...]], *, is_sorted: bool) -> str:
    """A daily file as `convert` writes it, or as an older version did: rows and months mixed."""
    schema = daily_schema(dataset)
    if is_sorted:
        rows = sorted(rows, key=lambda row: row[2])
    table = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
    with pq.ParquetWriter(file, schema) as writer:
        at = 0
        ends = row_group_ends(table.column("TIMESTAMP").to_numpy()) if is_sorted and rows else [len(rows)]
        for end in ends if rows else ():
            writer.write_table(table.slice(at, end - at))
            at = end
    return str(file)


class Shop:
    """Daily files of two datasets, exported again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clicks: dict[str, list[Click]] = {}
        self.traits: dict[str, list[Trait]] = {}
        self.files: dict[tuple[str, str], DailyFiles] = {}
        self.kept: dict[str, Any] = {}
        self.last_days: int | None = None
        self.listed: frozenset[str] = frozenset()
        self.runs = 0

    def put_clicks(self, day: str, rows: list[Click], *, counted: bool = True) -> None:
        """Replace a day's interactions; not ``counted`` is a day that an older version converted."""
        self._remove("interactions", day)
        self.runs += 1
        self.clicks[day] = rows
        file = write_daily(self.folder / f"clicks-{self.runs}", INTERACTIONS, rows, is_sorted=counted)
        months = Counter(str(np.datetime64(row[2], "s").astype("datetime64[M]")) for row in rows) if counted else {}
        self.files["interactions", day] = DailyFiles(day, (file,) if rows else (), dict(months))

    def put_traits(self, day: str, rows: list[Trait]) -> None:
        self._remove("users", day)
        self.runs += 1
        self.traits[day] = rows
        schema = daily_schema(USERS)
        file = self.folder / f"traits-{self.runs}"
        pq.write_table(pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema), file)
        self.files["users", day] = DailyFiles(day, (str(file),))

    def drop(self, day: str) -> None:
        self._remove("interactions", day)
        self._remove("users", day)
        self.clicks.pop(day, None)
        self.traits.pop(day, None)

    def _remove(self, dataset: str, day: str) -> None:
        """Daily files of a replaced state are deleted: nothing may need them."""
        before = self.files.pop((dataset, day), None)
        for uri in before.files if before else ():
            Path(uri).unlink()

    def export(self, *, incremental: bool = True) -> dict[str, DatasetExported]:
        self.runs += 1
        out = self.folder / f"run-{self.runs}"
        ids = UserIds(self.listed)
        (self.folder / f"listed-{self.runs}").write_bytes(ids.encode())
        exports = [
            DatasetExport(
                dataset,
                daily=tuple(self.files[place] for place in sorted(self.files) if place[0] == dataset.name),
                to_csv=f"{out}/{dataset.name}",
                keep_in=f"{out}/kept-{dataset.name}",
                kept=self.kept.get(dataset.name) if incremental else None,
                last_days=self.last_days if dataset is INTERACTIONS else None,
                suppress_list=ids.digest(),
            )
            for dataset in (INTERACTIONS, USERS)
        ]
        listed = f"{self.folder}/listed-{self.runs}"
        report = export(ExportSpec(tuple(exports), {}, (), f"{out}/scratch", listed), in_turn).datasets
        if incremental:
            self.kept = {name: made.kept for name, made in report.items()}
        return report

    def expected_clicks(self) -> str:
        """Each message once, and of these what is in the window and of users that are not listed."""
        newest = max((row[2] for rows in self.clicks.values() for row in rows), default=0)
        since = 0 if self.last_days is None else newest - self.last_days * 86_400
        seen: set[tuple[Any, ...]] = set()
        lines = []
        for user, item, time, message, place in sorted(
            (row for rows in self.clicks.values() for row in rows), key=lambda row: (row[2], row[0], row[1])
        ):
            key = (user, item, time) if message is None else (message, place)
            if key not in seen:
                seen.add(key)
                lines += [f"{user},{item},{time}\n"] if time >= since and user not in self.listed else []
        return "".join(lines)


def csv(made: DatasetExported) -> str:
    return "".join(Path(part.csv).read_text() for part in made.parts if part.csv)


def small_limits(patch: pytest.MonkeyPatch, rows: int) -> None:
    """Pieces, runs of hashes and tasks of a few rows."""
    for module, name in (
        (interactions, "MAX_PIECE_ROWS"), (entities, "MAX_ROWS"), (key_hashes, "MAX_RUN"),
        (repeat_search, "MAX_TASK_HASHES"), (repeat_search, "MAX_SHARE_ROWS"), (repeat_search, "_MAX_ROUND_HASHES"),
    ):  # fmt: skip
        patch.setattr(module, name, rows)
    patch.setattr(key_hashes, "_SMALL_RUN", max(1, rows // 2))


def colliding_hashes(patch: pytest.MonkeyPatch) -> None:
    """Hashes of one bit, which most keys share."""
    hashes_of = key_hashes.hashes_of
    for module in (key_hashes, repeats):
        patch.setattr(module, "hashes_of", lambda rows: hashes_of(rows) & np.uint64(1) << np.uint64(56))


class Histories(RuleBasedStateMachine):
    """Days come, are replaced and go, in any order, also late ones; every export equals one from nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        self.shop = Shop(self.folder)

    @initialize(rows=st.sampled_from([1, 2, 4, 100]), collide=st.booleans())
    def begin(self, rows: int, collide: bool) -> None:
        small_limits(self.patch, rows)
        if collide:
            colliding_hashes(self.patch)

    @rule(day=st.sampled_from(DAYS), rows=CLICKS, counted=st.booleans())
    def clicks_come(self, day: str, rows: list[Click], counted: bool) -> None:
        self.shop.put_clicks(day, rows, counted=counted)

    @rule(day=st.sampled_from(DAYS), rows=TRAITS)
    def traits_come(self, day: str, rows: list[Trait]) -> None:
        self.shop.put_traits(day, rows)

    @precondition(lambda self: self.shop.files)
    @rule(day=st.sampled_from(DAYS))
    def a_day_goes(self, day: str) -> None:
        self.shop.drop(day)

    @rule(days=st.sampled_from([None, 1, 31, 40, 61]))
    def the_window_changes(self, days: int | None) -> None:
        self.shop.last_days = days

    @rule(listed=st.frozensets(st.sampled_from(["a", "b", "ü", "none of ours"])))
    def the_list_changes(self, listed: frozenset[str]) -> None:
        self.shop.listed = listed

    @rule()
    def what_was_kept_is_lost(self) -> None:
        self.shop.kept = {}

    @invariant()
    def an_export_equals_a_full_one(self) -> None:
        made, full = self.shop.export(), self.shop.export(incremental=False)
        assert csv(made["interactions"]) == self.shop.expected_clicks()
        for name in ("interactions", "users"):
            assert csv(made[name]) == csv(full[name])
            for count in ("rows", "copies", "outside", "suppressed"):
                assert getattr(made[name], count) == getattr(full[name], count)
            assert made[name].profile == full[name].profile
            assert not any(line.split(",")[0] in self.shop.listed for line in csv(made[name]).splitlines())
        assert made["interactions"].copies == sum(map(len, self.shop.clicks.values()))
        assert made["users"].copies == sum(map(len, self.shop.traits.values()))

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)


TestHistories = Histories.TestCase
# A history has up to five steps, each of which exports twice.
TestHistories.settings = settings(
    stateful_step_count=5, max_examples=15 if settings().max_examples <= 40 else settings().max_examples
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Three days of a click each, in September, in October, and of both months."""
    shop = Shop(tmp_path)
    september, october = (first_second(month_number(name)) for name in ("2026-09", "2026-10"))
    shop.put_clicks("2026-09-29", [("a", "x", september, "m", 0)])
    shop.put_clicks("2026-10-01", [("a", "x", october + 1, "n", 0), ("b", "x", september + 1, "o", 0)])
    shop.put_clicks("2026-10-02", [("b", "x", october + 2, "p", 0)])
    shop.export()
    return shop


def rewritten(shop: Shop) -> list[str]:
    """The months whose parts are not those of the export before."""
    before = {month.month: month.parts for month in shop.kept["interactions"].months}
    shop.export()
    return [month.month for month in shop.kept["interactions"].months if month.parts != before.get(month.month)]


def test_times_far_apart_in_a_file_of_an_older_version_are_two_months(shop: Shop) -> None:
    """A file that is damaged may hold any time; the months between two of them do not matter."""
    shop.put_clicks("2026-10-01", [("a", "x", 0, "n", 0), ("b", "x", 1_790_812_800_000, "o", 0)], counted=False)

    assert csv(shop.export()["interactions"]) == shop.expected_clicks()


def test_without_a_change_nothing_is_written_again(shop: Shop) -> None:
    assert rewritten(shop) == []


def test_a_new_day_rewrites_its_month_alone(shop: Shop) -> None:
    shop.put_clicks("2026-10-03", [("a", "y", first_second(month_number("2026-10")) + 9, "q", 0)])

    assert rewritten(shop) == ["2026-10"]


def test_a_late_event_rewrites_the_month_of_its_time(shop: Shop) -> None:
    shop.put_clicks("2026-10-03", [("a", "y", first_second(month_number("2026-09")) + 9, "q", 0)])

    assert rewritten(shop) == ["2026-09"]


def test_a_replaced_day_rewrites_the_months_that_it_had_rows_in(shop: Shop) -> None:
    shop.put_clicks("2026-10-01", [])

    assert rewritten(shop) == ["2026-09", "2026-10"]


def test_a_message_that_comes_again_in_an_earlier_month_leaves_the_later_one(shop: Shop) -> None:
    shop.put_clicks("2026-10-03", [("a", "y", first_second(month_number("2026-09")) + 9, "p", 0)])

    assert rewritten(shop) == ["2026-09", "2026-10"]
    assert csv(shop.export()["interactions"]) == shop.expected_clicks()


def test_a_message_comes_back_when_the_earlier_one_is_gone(shop: Shop) -> None:
    shop.put_clicks("2026-10-03", [("a", "y", first_second(month_number("2026-09")) + 9, "p", 0)])
    shop.export()
    shop.put_clicks("2026-10-03", [])

    assert rewritten(shop) == ["2026-09", "2026-10"]
    assert csv(shop.export()["interactions"]) == shop.expected_clicks()


def test_another_mapping_uses_nothing_of_before(shop: Shop) -> None:
    kept = shop.kept["interactions"]
    other = Dataset("interactions", INTERACTIONS.columns[::-1], where={})
    daily = tuple(shop.files[place] for place in sorted(shop.files))
    one = DatasetExport(other, daily=daily, to_csv=f"{shop.folder}/o", keep_in=f"{shop.folder}/k", kept=kept)

    made = export(ExportSpec((one,), {}, (), f"{shop.folder}/scratch"), in_turn).datasets["interactions"]

    assert made.reused == 0
    assert csv(made).startswith(f"{first_second(month_number('2026-09'))},x,a\n")


def test_only_interactions_of_the_window_are_exported_and_the_others_are_counted(shop: Shop) -> None:
    shop.last_days = 30

    made = shop.export()["interactions"]

    october = first_second(month_number("2026-10"))
    assert csv(made) == f"a,x,{october + 1}\nb,x,{october + 2}\n"
    assert (made.rows, made.outside, made.copies) == (2, 2, 4)


def test_the_first_second_of_the_window_is_in_it(shop: Shop) -> None:
    october = first_second(month_number("2026-10"))
    shop.put_clicks("2026-10-02", [("c", "x", october + 1 + 86_400, "p", 0)])
    shop.last_days = 1

    made = shop.export()["interactions"]

    assert csv(made) == f"a,x,{october + 1}\nc,x,{october + 1 + 86_400}\n"


def test_a_repeat_of_an_interaction_before_the_window_stays_a_duplicate(shop: Shop) -> None:
    october = first_second(month_number("2026-10"))
    shop.put_clicks("2026-10-02", [("b", "x", october + 2, "m", 0)])
    shop.last_days = 30

    made = shop.export()["interactions"]

    assert csv(made) == f"a,x,{october + 1}\n"
    assert (made.rows, made.outside, made.copies) == (1, 2, 4)


def test_a_window_rewrites_only_the_months_that_it_cuts(shop: Shop) -> None:
    shop.last_days = 30

    assert rewritten(shop) == ["2026-09"]
    assert rewritten(shop) == []


def test_how_many_parts_are_used_again_is_reported(shop: Shop) -> None:
    shop.put_clicks("2026-10-03", [("a", "y", first_second(month_number("2026-10")) + 9, "q", 0)])

    made = shop.export()["interactions"]

    assert (len(made.parts), made.reused) == (2, 1)


def test_only_the_newest_arrival_month_of_users_is_read_again(shop: Shop) -> None:
    shop.put_traits("2026-09-29", [("a", "Rom", 1, "m")])
    shop.put_traits("2026-10-01", [("b", "Ulm", 2, "m")])
    shop.export()
    before = shop.kept["users"]
    shop.put_traits("2026-10-02", [("a", "Ulm", 3, "m")])

    made = shop.export()["users"]

    after = shop.kept["users"]
    assert (after.months[0], after.before) == (before.months[0], before.before)
    assert after.months[1] != before.months[1]
    assert csv(made) == "a,Ulm\nb,Ulm\n"


def test_a_month_is_folded_into_the_ones_before_when_the_next_begins(shop: Shop) -> None:
    shop.put_traits("2026-09-29", [("a", "Rom", 1, "m")])
    shop.put_traits("2026-10-01", [("b", "Ulm", 2, "m")])
    shop.export()
    assert shop.kept["users"].before.until == "2026-09"
    shop.put_traits("2026-11-01", [("c", "Bonn", 3, "m")])

    assert csv(shop.export()["users"]) == "a,Rom\nb,Ulm\nc,Bonn\n"
    assert shop.kept["users"].before.until == "2026-10"


def test_many_days_leave_few_files_of_hashes(shop: Shop) -> None:
    start = first_second(month_number("2026-10"))
    for number in range(10):
        shop.put_clicks(f"2026-10-{number + 3:02}", [("a", "y", start + 10 + number, f"q{number}", 0)])
        shop.export()

    assert [len(month.hashes) for month in shop.kept["interactions"].months] == [1, 1]


def test_listed_users_are_left_out_and_counted_in_the_window_and_before_it(shop: Shop) -> None:
    shop.put_traits("2026-10-01", [("a", "Rom", 1, "m"), ("b", "Ulm", 1, "n")])
    shop.listed = frozenset({"b"})
    shop.last_days = 30

    made = shop.export()

    october = first_second(month_number("2026-10"))
    clicks, users = made["interactions"], made["users"]
    assert (csv(clicks), csv(users)) == (f"a,x,{october + 1}\n", "a,Rom\n")
    assert (clicks.rows, clicks.outside, clicks.suppressed, clicks.copies) == (1, 1, 2, 4)
    assert (users.rows, users.suppressed, users.copies) == (1, 1, 2)


def test_a_repeat_of_a_listed_users_message_stays_a_duplicate(shop: Shop) -> None:
    october = first_second(month_number("2026-10"))
    shop.put_clicks("2026-10-02", [("b", "x", october + 1, "n", 0)])
    shop.listed = frozenset({"a"})

    made = shop.export()["interactions"]

    assert (made.rows, made.suppressed, made.copies) == (1, 2, 4)


def test_another_list_rewrites_all_months_and_reads_no_hashes_again(shop: Shop) -> None:
    hashes = [month.hashes for month in shop.kept["interactions"].months]
    shop.listed = frozenset({"b"})

    assert rewritten(shop) == ["2026-09", "2026-10"]
    assert [month.hashes for month in shop.kept["interactions"].months] == hashes


def test_the_same_list_rewrites_nothing(shop: Shop) -> None:
    shop.listed = frozenset({"b"})
    shop.export()

    assert rewritten(shop) == []


def test_a_user_who_is_no_longer_listed_comes_back(shop: Shop) -> None:
    whole = csv(shop.export()["interactions"])
    shop.listed = frozenset({"b"})
    shop.export()
    shop.listed = frozenset()

    assert csv(shop.export()["interactions"]) == whole

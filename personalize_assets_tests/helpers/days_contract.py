"""Tests of converted days that hold for folders and buckets."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from personalize_assets.storage.days import BusyDay, DayChange, MissingFiles, accounting_of, commits_of, current_files
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import DayAccounting, DayCommit, Reject
from personalize_assets.storage.object_store import StoreError, Versioned
from personalize_assets.storage.stored_structs import DamagedFile

DAY, NEXT_DAY = "2026-10-01", "2026-10-02"
OLD, NEW = "20261001T000000-aaaaaa", "20261002T000000-bbbbbb"


def put(destination: Destination, *keys: str) -> None:
    """Files as an engine writes them."""
    for key in keys:
        destination.store.write(key, b"x")


def keys(destination: Destination, prefix: str = "") -> list[str]:
    found = (file.key for file in destination.store.files(prefix))
    return sorted(key for key in found if key != "_lock")


def names(run: str, day: str = DAY, folder: str = "filtered_interactions") -> tuple[str, str]:
    """A Parquet file and a reject file of a run."""
    return f"{folder}/day={day}/{run}-00000.parquet", f"rejects/day={day}/interactions-{run}-00000.jsonl"


def commit(run: str, day: str = DAY, **more: Any) -> DayCommit:
    parquet, rejects = names(run, day)
    return DayCommit(run=run, mapping="m", files=(parquet,), reject_files=(rejects,), **more)


def change(run: str, day: str = DAY, **more: Any) -> DayChange:
    """What a run converted of interactions."""
    return DayChange({"interactions": commit(run, day, **more)}, {"source": DayAccounting(run=run, read=1)})


def committed(destination: Destination) -> dict[str, DayCommit]:
    return commits_of(destination.days.all(), "interactions")


class DaysContract:
    """What holds for days in a folder and in a bucket; a subclass gives the fixture ``destination``."""

    def test_a_day_without_an_object_does_not_exist_whatever_files_it_has(self, destination: Destination) -> None:
        put(destination, *names(NEW))

        assert destination.days.all() == {}
        assert destination.days.one(DAY) is None

    def test_a_commit_replaces_a_day_and_lists_its_former_files(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(NEW))
        destination.days.commit({DAY: change(OLD)})

        destination.days.commit({DAY: change(NEW)})

        state = destination.days.all()[DAY]
        assert state.datasets == {"interactions": commit(NEW)}
        assert state.sources == {"source": DayAccounting(run=NEW, read=1)}
        assert [replaced.files for replaced in state.replaced] == [names(OLD)]
        assert {*names(OLD), *names(NEW)} < set(keys(destination)), "an export may be reading the former files"

    def test_all_datasets_and_sources_of_a_day_are_one_object(self, destination: Destination) -> None:
        put(destination, *names(NEW))
        users = DayCommit(run=NEW, mapping="m")

        destination.days.commit({DAY: DayChange({**change(NEW).datasets, "users": users}, change(NEW).sources)})

        assert keys(destination, "days/") == [f"days/day={DAY}.json"]

    def test_a_run_of_one_dataset_leaves_the_others_as_they_are(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(NEW))
        users = DayCommit(run=OLD, mapping="m", kept=7)
        destination.days.commit({DAY: DayChange({"users": users}, {"users": DayAccounting(run=OLD)})})

        destination.days.commit({DAY: change(NEW)})

        state = destination.days.all()[DAY]
        assert state.datasets == {"interactions": commit(NEW), "users": users}
        assert set(state.sources) == {"source", "users"}
        assert state.replaced == ()

    def test_files_that_are_not_committed_leave_the_former_day_current(self, destination: Destination) -> None:
        put(destination, *names(OLD))
        destination.days.commit({DAY: change(OLD)})

        put(destination, *names(NEW))  # and then the run died

        assert committed(destination) == {DAY: commit(OLD)}

    def test_a_file_that_does_not_exist_commits_no_day(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(OLD, NEXT_DAY), names(NEW)[0], *names(NEW, NEXT_DAY))
        destination.days.commit({DAY: change(OLD), NEXT_DAY: change(OLD, NEXT_DAY)})

        with pytest.raises(MissingFiles) as error:
            destination.days.commit({DAY: change(NEW), NEXT_DAY: change(NEW, NEXT_DAY)})

        assert str(error.value) == (
            f"{destination.uri}/{names(NEW)[1]}, which the engine's report names, does not exist; nothing was "
            "committed: run it again"
        )
        assert committed(destination) == {DAY: commit(OLD), NEXT_DAY: commit(OLD, NEXT_DAY)}

    def test_a_day_that_cannot_be_committed_is_left_as_it_is_and_the_others_are_committed(
        self, destination: Destination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(destination, *names(OLD), *names(NEW), *names(NEW, NEXT_DAY))
        destination.days.commit({DAY: change(OLD)})
        swap = destination.store.swap

        def refuse(key: str, data: bytes, before: Versioned | None) -> Versioned | None:
            if DAY in key:
                raise StoreError("no")
            return swap(key, data, before)

        with monkeypatch.context() as patch:
            patch.setattr(destination.store, "swap", refuse)
            with pytest.raises(StoreError, match=r"^no$"):
                destination.days.commit({DAY: change(NEW), NEXT_DAY: change(NEW, NEXT_DAY)})

        assert committed(destination) == {DAY: commit(OLD), NEXT_DAY: commit(NEW, NEXT_DAY)}

    def test_a_day_whose_raw_files_have_moved_on_is_left_as_it_is(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(NEW), *names(NEW, NEXT_DAY))
        destination.days.commit({DAY: change(OLD)})

        refused = destination.days.commit({DAY: change(NEW), NEXT_DAY: change(NEW, NEXT_DAY)}, lambda days: [DAY])

        assert refused == [DAY]
        assert committed(destination) == {DAY: commit(OLD), NEXT_DAY: commit(NEW, NEXT_DAY)}

    def test_a_commit_between_the_look_at_the_catalog_and_the_swap_leads_to_another_look(
        self, destination: Destination
    ) -> None:
        put(destination, *names(OLD), *names(NEW))
        looks: list[Sequence[str]] = []

        def look(days: Sequence[str]) -> Sequence[str]:
            looks.append(list(days))
            if len(looks) > 1:
                return days
            # Another run catalogues newer files and commits them at the worst moment.
            destination.days.commit({DAY: change(NEW)})
            return ()

        refused = destination.days.commit({DAY: change(OLD)}, look)

        assert (looks, refused) == ([[DAY], [DAY]], [DAY])
        assert committed(destination) == {DAY: commit(NEW)}

    def test_a_day_that_others_commit_again_and_again_is_given_up_with_a_text(self, destination: Destination) -> None:
        put(destination, *names(OLD))
        tries: list[int] = []

        def look(days: Sequence[str]) -> Sequence[str]:
            tries.append(1)
            others = {"items": DayCommit(run=NEW, mapping="m", kept=len(tries))}
            destination.days.commit({DAY: DayChange(others, {})})
            return ()

        with pytest.raises(BusyDay) as error:
            destination.days.commit({DAY: change(OLD)}, look)

        assert str(error.value) == f"{destination.uri}/days/day={DAY}.json was replaced 5 times meanwhile: run again"
        assert destination.days.all()[DAY].datasets == {"items": DayCommit(run=NEW, mapping="m", kept=5)}

    def test_of_runs_that_commit_at_once_none_is_lost(self, destination: Destination) -> None:
        runs = [f"20261003T00000{number}-cccccc" for number in range(4)]
        put(destination, *(key for run in runs for key in names(run)))

        def convert(run: str) -> None:
            other = Destination(destination.uri)
            other.days.commit({DAY: DayChange(change(run).datasets, {run: DayAccounting(run=run)})})

        with ThreadPoolExecutor(len(runs)) as threads:
            list(threads.map(convert, runs))

        state = destination.days.all()[DAY]
        replaced = {file for one in state.replaced for file in one.files}
        assert sorted(state.sources) == runs
        assert state.current_files() | replaced == {key for run in runs for key in names(run)}

    def test_the_same_commit_twice_replaces_nothing(self, destination: Destination) -> None:
        put(destination, *names(NEW))
        for _ in range(2):
            destination.days.commit({DAY: change(NEW)})

        assert destination.days.all()[DAY].replaced == ()

    def test_a_commit_of_another_process_is_seen(self, destination: Destination) -> None:
        days = [f"2026-10-{day:02}" for day in range(1, 5)]
        destination.days.commit({day: DayChange({"interactions": DayCommit(run=OLD, mapping="m")}, {}) for day in days})
        other = Destination(destination.uri)
        other.store.write(
            f"days/day={DAY}.json",
            json.dumps({"day": DAY, "datasets": {"interactions": {"run": "other", "mapping": "m"}}}).encode(),
        )

        for found in (destination.days.all(), destination.days.some(days)):
            assert [one.run for one in commits_of(found, "interactions").values()] == ["other", OLD, OLD, OLD]

    def test_days_come_oldest_first_and_other_keys_are_passed_over(self, destination: Destination) -> None:
        days = ("2026-10-10", "2026-10-02", "2026-10-01")
        for day in days:
            one = DayCommit(run=NEW, mapping="m", kept=int(day[-2:]))
            destination.days.commit({day: DayChange({"interactions": one}, {})})
        put(destination, "days/notes.json", "days/day=never.json.bak", "days/day=2026-10-01.json.old")

        assert [(day, its.kept) for day, its in committed(destination).items()] == [
            ("2026-10-01", 1),
            ("2026-10-02", 2),
            ("2026-10-10", 10),
        ]
        assert list(destination.days.some([*days, "2026-12-24"])) == sorted(days)

    def test_the_accounting_of_two_sources_is_stored_side_by_side(self, destination: Destination) -> None:
        counts = {"source": DayAccounting(run=NEW, read=3), "users": DayAccounting(run=NEW, read=5)}
        destination.days.commit({DAY: DayChange({}, counts)})

        assert accounting_of(destination.days.all(), "users") == {DAY: counts["users"]}
        assert accounting_of(destination.days.all(), "items") == {}

    @pytest.mark.parametrize(
        ("data", "found"),
        [
            (b"", "Input data was truncated"),
            (b"[]", "Expected `object`, got `array`"),
            (b'{"day": "\xff"}', "'utf-8' codec can't decode byte 0xff"),
            (b"{}", "Object missing required field `day`"),
        ],
    )
    def test_a_damaged_day_is_named_with_what_to_make_again(
        self, destination: Destination, data: bytes, found: str
    ) -> None:
        destination.store.write(f"days/day={DAY}.json", data)

        for read in (destination.days.all, lambda: destination.days.one(DAY)):
            with pytest.raises(DamagedFile) as error:
                read()
            assert re.fullmatch(
                re.escape(
                    f"{destination.uri}/days/day={DAY}.json is damaged: expected what is converted of a day as JSON, "
                    f"found: {found}"
                )
                + ".*"
                + re.escape(f"; materialize the daily datasets of {DAY} again, all together, to replace it"),
                str(error.value),
            )

    def test_a_commit_of_all_datasets_replaces_a_damaged_day(self, destination: Destination) -> None:
        put(destination, *names(NEW))
        destination.store.write(f"days/day={DAY}.json", b"{")

        destination.days.commit({DAY: change(NEW)}, all_datasets=["interactions"])

        assert committed(destination) == {DAY: commit(NEW)}

    def test_a_commit_of_some_datasets_does_not_replace_a_damaged_day(self, destination: Destination) -> None:
        put(destination, *names(NEW))
        destination.store.write(f"days/day={DAY}.json", b"{")

        with pytest.raises(DamagedFile, match="all together, to replace it"):
            destination.days.commit({DAY: change(NEW)}, all_datasets=["interactions", "users"])

        assert destination.store.read(f"days/day={DAY}.json") == b"{"

    def test_a_day_that_names_a_file_outside_is_damaged(self, destination: Destination) -> None:
        put(destination, *names(NEW))
        destination.days.commit({DAY: change(NEW)})
        data = destination.store.read(f"days/day={DAY}.json") or b""
        destination.store.write(f"days/day={DAY}.json", data.replace(names(NEW)[0].encode(), b"../victim.txt"))

        with pytest.raises(DamagedFile, match=r"found: the key '\.\./victim\.txt', which leads out of"):
            destination.days.all()

    def test_the_files_of_a_run_are_found_in_all_folders_of_its_days(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(NEW), *names(NEW, NEXT_DAY), *names(NEW, "2026-10-03"))

        found = destination.days.files_of_run(NEW, [DAY, NEXT_DAY])

        assert sorted(found) == sorted([*names(NEW), *names(NEW, NEXT_DAY)])

    def test_current_files_are_those_of_the_last_commit(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(NEW), *names(OLD, NEXT_DAY))
        destination.days.commit({DAY: change(OLD), NEXT_DAY: change(OLD, NEXT_DAY)})
        destination.days.commit({DAY: change(NEW)})

        states = destination.days.all()

        assert current_files(states, "interactions") == [names(NEW)[0], names(OLD, NEXT_DAY)[0]]
        assert current_files(states, "rejects") == [names(NEW)[1], names(OLD, NEXT_DAY)[1]]
        assert current_files(states, "users") == []

    def test_the_first_rejects_of_a_day_are_read_from_one_of_their_files(self, destination: Destination) -> None:
        lines = [f'{{"dataset":"users","reason":"missing:USER_ID","file":"f","raw":"{n}"}}\n' for n in range(3)]
        key = f"rejects/day={DAY}/users-{NEW}.jsonl"
        destination.store.write(key, "".join(lines).encode())
        users = DayCommit(run=NEW, mapping="m", reject_files=(key,))
        destination.days.commit({DAY: DayChange({"users": users}, {})})

        found = destination.days.first_rejects("users", DAY, 2)

        assert found == [Reject("users", "missing:USER_ID", "f", "0"), Reject("users", "missing:USER_ID", "f", "1")]
        assert destination.days.first_rejects("items", DAY, 2) == []

"""Tests that every object store must pass."""

import hashlib
import io
import time
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import pytest

from personalize_assets.storage.object_store import ObjectStore, StoreError

ODD_KEYS = ["a b/c d.json", "50%25/x%20y+z.json", "Größe/ü.json", "day=2026-10-01/{[*?]}.json", "q&a='1'.json"]


DAY_SECONDS = 24 * 3600


def listed(store: ObjectStore, prefix: str = "") -> dict[str, int]:
    return {file.key: file.bytes for file in sorted(store.files(prefix)) if file.key != "_lock"}


class ObjectStoreContract:
    """What every object store does; a subclass gives the fixture ``store``, an empty one."""

    def test_a_file_reads_as_it_was_written(self, store: ObjectStore) -> None:
        store.write("a/b.json", b"\x00 bytes \xff")

        assert store.read("a/b.json") == b"\x00 bytes \xff"

    def test_a_file_that_is_not_there_reads_as_none(self, store: ObjectStore) -> None:
        assert store.read("a/b.json") is None

    def test_a_folder_is_not_a_file_to_read_below(self, store: ObjectStore) -> None:
        store.write("a", b"1")

        assert store.read("a/b") is None

    def test_a_second_write_replaces_the_first(self, store: ObjectStore) -> None:
        store.write("a", b"a long first version")
        store.write("a", b"second")

        assert store.read("a") == b"second"
        assert listed(store) == {"a": 6}

    def test_a_file_is_swapped_only_for_the_one_that_was_read(self, store: ObjectStore) -> None:
        first = store.swap("a/b", b"first", None)
        assert first is not None
        assert store.swap("a/b", b"second", None) is None
        assert store.read("a/b") == b"first"

        second = store.swap("a/b", b"second", first)
        assert second is not None
        assert store.swap("a/b", b"third", first) is None
        assert store.read_version("a/b") == second
        assert listed(store) == {"a/b": 6}

    def test_a_file_that_was_deleted_meanwhile_is_not_swapped(self, store: ObjectStore) -> None:
        store.write("a", b"first")
        before = store.read_version("a")
        store.delete(["a"])

        assert store.swap("a", b"second", before) is None
        assert store.read("a") is None

    def test_of_several_writers_exactly_one_succeeds(self, store: ObjectStore) -> None:
        for before in (None, store.swap("b", b"before", None)):
            key = "b" if before else "a"
            with ThreadPoolExecutor(8) as threads:
                done = list(threads.map(lambda n: store.swap(key, b"%d" % n, before), range(8)))  # noqa: B023

            [winner] = [stored for stored in done if stored is not None]
            assert store.read(key) == winner.data

    def test_files_that_are_made_private_keep_their_bytes(self, store: ObjectStore) -> None:
        store.write("a", b"1")

        store.make_private(["a"])

        assert store.read("a") == b"1"

    @pytest.mark.parametrize(("first_bytes", "expected"), [(1, b"a"), (3, b"abc"), (6, b"abcdef"), (100, b"abcdef")])
    def test_the_head_of_a_file_is_read_without_the_rest(
        self, store: ObjectStore, first_bytes: int, expected: bytes
    ) -> None:
        store.write("a", b"abcdef")

        assert store.read("a", first_bytes) == expected

    def test_a_file_is_read_from_any_place(self, store: ObjectStore) -> None:
        store.write("a", b"abcdef")

        def ends(file: IO[bytes]) -> tuple[bytes, bytes]:
            file.seek(-2, io.SEEK_END)
            last = file.read(2)
            file.seek(1)
            return last, file.read(1)

        assert store.read_with("a", ends) == (b"ef", b"b")
        assert store.read_with("b", ends) is None

    def test_the_blocks_of_a_file_are_its_bytes(self, store: ObjectStore) -> None:
        data = bytes(range(256)) * 10_000

        store.write("folder/large", data)
        store.write("folder/empty", b"")

        assert b"".join(store.blocks("folder/large")) == data
        assert list(store.blocks("folder/empty")) == []

    def test_blocks_of_what_is_not_there_are_an_error(self, store: ObjectStore) -> None:
        with pytest.raises(StoreError, match="missing"):
            list(store.blocks("folder/missing"))

    def test_a_file_without_bytes_is_a_file(self, store: ObjectStore) -> None:
        store.write("empty", b"")

        assert listed(store) == {"empty": 0}
        assert (store.read("empty"), store.read("empty", 10)) == (b"", b"")

    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_a_key_is_taken_as_it_is_written(self, store: ObjectStore, key: str) -> None:
        store.write(key, b"x")

        assert listed(store) == {key: 1}
        assert store.read(key) == b"x"
        assert store.join("joined", b"", [key]).bytes == 1
        store.delete([key])
        assert store.read(key) is None

    def test_listing_begins_at_the_prefix(self, store: ObjectStore) -> None:
        for key in ("a/1", "a/b/2", "a/bc/3", "c/4"):
            store.write(key, b"x")

        assert list(listed(store, "a/")) == ["a/1", "a/b/2", "a/bc/3"]
        assert list(listed(store, "a/b")) == ["a/b/2", "a/bc/3"]
        assert list(listed(store, "a/b/")) == ["a/b/2"]
        assert list(listed(store, "nothing/")) == []

    def test_a_listed_file_has_the_time_when_it_was_written(self, store: ObjectStore) -> None:
        before = time.time()
        store.write("a", b"x")

        (file,) = store.files()
        assert before - 2 < file.modified < time.time() + 2

    def test_the_folders_below_a_prefix_are_named(self, store: ObjectStore) -> None:
        for key in ("top/b c/1", "top/a/x/2", "top/file", "other/3"):
            store.write(key, b"x")

        assert store.folders("top/") == ["a", "b c"]
        assert store.folders() == ["other", "top"]
        assert store.folders("nothing/") == []

    def test_deleting_takes_only_what_is_named(self, store: ObjectStore) -> None:
        for key in ("a/1", "a/2", "b/3"):
            store.write(key, b"x")

        store.delete(["a/1", "b/3"])

        assert listed(store) == {"a/2": 1}
        assert store.folders() == ["a"]

    def test_deleting_what_is_not_there_is_no_error(self, store: ObjectStore) -> None:
        store.write("a", b"x")

        store.delete(["b/c", "a/below-a-file"])
        store.delete([])

        assert listed(store) == {"a": 1}

    def test_what_is_deleted_as_far_as_possible_is_deleted(self, store: ObjectStore) -> None:
        for key in ("a/1", "a/2"):
            store.write(key, b"x")

        left = store.try_delete(["a/1", "gone"])

        assert (bool(left), listed(store)) == (False, {"a/2": 1})

    def test_files_that_are_whole_stay_when_unfinished_ones_are_deleted(self, store: ObjectStore) -> None:
        store.write("a/1", b"x")

        left = store.delete_unfinished()

        assert (bool(left), listed(store)) == (False, {"a/1": 1})

    def test_joining_puts_header_and_parts_in_order_and_returns_size_and_digest(self, store: ObjectStore) -> None:
        store.write("parts/0", b"1,2\n")
        store.write("parts/1", b"")
        store.write("parts/2", b"3,4\n")

        joined = store.join("exports/all.csv", b"A,B\n", ["parts/2", "parts/1", "parts/0"])

        assert store.read("exports/all.csv") == b"A,B\n3,4\n1,2\n"
        assert joined == (12, hashlib.sha256(b"A,B\n3,4\n1,2\n").hexdigest())
        assert "parts/0" in listed(store)

    def test_joining_nothing_gives_the_header_alone(self, store: ObjectStore) -> None:
        assert store.join("all.csv", b"A,B\n", []) == (4, hashlib.sha256(b"A,B\n").hexdigest())
        assert store.read("all.csv") == b"A,B\n"

    def test_joining_holds_parts_larger_and_smaller_than_a_block(self, store: ObjectStore) -> None:
        parts = {"0": b"a" * 17_000_001, "1": b"b" * 7, "2": b"c" * 16_777_216, "3": b"d" * 5_000_000}
        for key, data in parts.items():
            store.write(key, data)

        joined = store.join("all", b"header\n", list(parts))

        whole = b"header\n" + b"".join(parts.values())
        assert joined == (len(whole), hashlib.sha256(whole).hexdigest())
        assert store.read("all") == whole

    def test_a_join_whose_part_is_gone_leaves_the_file_as_it_was(self, store: ObjectStore) -> None:
        store.write("all.csv", b"former")
        store.write("parts/0", b"1,2\n")

        with pytest.raises(StoreError, match=r"/parts/1.*(deleted meanwhile)"):
            store.join("all.csv", b"A,B\n", ["parts/0", "parts/1"])

        assert listed(store) == {"all.csv": 6, "parts/0": 4}
        assert store.read("all.csv") == b"former"

    def test_a_copy_has_the_bytes_of_the_original_which_stays(self, store: ObjectStore) -> None:
        store.write("a/from", b"bytes")
        store.write("empty", b"")

        store.copy("a/from", "b/to")
        store.copy("empty", "b/empty")

        assert (store.read("a/from"), store.read("b/to"), store.read("b/empty")) == (b"bytes", b"bytes", b"")

    def test_a_copy_of_what_is_not_there_is_an_error_and_leaves_no_file(self, store: ObjectStore) -> None:
        with pytest.raises(StoreError, match="gone"):
            store.copy("gone", "to")

        assert store.read("to") is None

    def test_a_store_that_is_there_passes(self, store: ObjectStore) -> None:
        store.check_exists()

    def test_files_come_in_the_order_of_keys_from_any_of_them_on(self, store: ObjectStore) -> None:
        keys = ["a", "a b", "a/b", "a/b/c", "aa", "b", "ü"]
        for key in reversed(keys):
            if key != "a/b":  # a folder has no file of a folder's name
                store.write(key if key != "a" else "a.", b"")
        ordered = [file.key for file in store.files()]

        assert ordered == sorted(ordered)
        for number, key in enumerate(ordered, 1):
            assert [file.key for file in store.files(after=key)] == ordered[number:]
            assert [file.key for file in store.files(before=key)] == ordered[: number - 1]

    def test_a_version_changes_with_the_content_and_only_then(self, store: ObjectStore) -> None:
        def version() -> str:
            (file,) = store.files()
            return file.version

        store.write("key", b"one")
        first, again = version(), version()
        store.write("key", b"two")

        assert first == again != version() != ""

    def test_a_prefix_holds_something_or_not(self, store: ObjectStore) -> None:
        store.write("day=2026-10-01/a.json", b"")

        assert [store.holds(prefix) for prefix in ("", "day=", "day=2026-10-01/", "dt=", "day=2026-10-02/", "x/y")] == [
            True, True, True, False, False, False,
        ]  # fmt: skip

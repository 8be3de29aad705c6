"""Small objects: what is asked for, and that nothing is used which a listing does not name."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from personalize_assets.storage.object_store import ObjectStore, StoredObject, Versioned
from personalize_assets.storage.small_objects import SmallObjects


class Versions:
    """A store in memory whose objects have versions; it counts reads."""

    def __init__(self) -> None:
        self.uri = f"s3://bucket/{uuid4()}"
        self.objects: dict[str, bytes] = {}
        self.reads: list[str] = []

    def read_version(self, key: str) -> Versioned | None:
        self.reads.append(key)
        data = self.objects.get(key)
        return None if data is None else Versioned(data, data.decode())

    def write_version(self, key: str, data: bytes) -> str:
        self.objects[key] = data
        return data.decode()

    def swap(self, key: str, data: bytes, before: Versioned | None) -> Versioned | None:
        if self.objects.get(key) != (before.data if before else None):
            return None
        return Versioned(data, self.write_version(key, data))

    def files(self, prefix: str = "", after: str = "", before: str | None = None) -> Iterator[StoredObject]:
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > after and (before is None or key < before):
                yield StoredObject(key, len(self.objects[key]), 0.0, self.objects[key].decode())


@pytest.fixture
def store() -> Versions:
    return Versions()


@pytest.fixture
def small(store: Versions) -> SmallObjects:
    as_store: ObjectStore = store  # type: ignore[assignment]
    return SmallObjects(as_store)


def listed(store: Versions) -> dict[str, StoredObject]:
    return {file.key: file for file in store.files()}


def read(small: SmallObjects, keys: list[str], listing: dict[str, StoredObject] | None = None) -> list[bytes | None]:
    return [found.data if found else None for found in small.read_versions(keys, listing)]


def test_what_was_written_is_not_read_again_while_a_listing_names_its_version(
    store: Versions, small: SmallObjects
) -> None:
    small.write("a", b"1")
    small.swap("b", b"2", None)

    assert read(small, ["a", "b", "c"], listed(store)) == [b"1", b"2", None]
    assert store.reads == []


def test_what_another_process_wrote_is_read(store: Versions, small: SmallObjects) -> None:
    for key in ("a", "b"):
        small.write(key, b"1")
    store.objects["a"] = b"3"

    assert read(small, ["a", "b"], listed(store)) == [b"3", b"1"]
    assert read(small, ["a", "b"], listed(store)) == [b"3", b"1"]
    assert store.reads == ["a"]


def test_without_a_listing_an_object_is_read_as_it_is_now(store: Versions, small: SmallObjects) -> None:
    small.write("a", b"1")
    store.objects["a"] = b"2"

    assert (small.read("a"), read(small, ["a", "b"])) == (b"2", [b"2", None])
    assert sorted(store.reads) == ["a", "a", "b"]


def test_an_object_that_is_deleted_after_the_listing_is_none(store: Versions, small: SmallObjects) -> None:
    store.objects["a"] = b"1"
    found = listed(store)
    del store.objects["a"]

    assert read(small, ["a"], found) == [None]


def test_a_swap_that_loses_leaves_what_is_known(store: Versions, small: SmallObjects) -> None:
    small.write("a", b"1")

    assert small.swap("a", b"2", Versioned(b"0", "0")) is None

    assert read(small, ["a"], listed(store)) == [b"1"]
    assert store.reads == []


def test_ranges_are_listed_in_their_order(small: SmallObjects) -> None:
    for key in ("a/1", "a/2", "a/3", "b/1"):
        small.write(key, b"1")

    found = small.listed([("b/", "", "c"), ("a/", "a/1", "a/3")])

    assert [file.key for file in found] == ["b/1", "a/2"]


def test_objects_are_known_by_the_store_that_they_are_in(small: SmallObjects) -> None:
    other = Versions()
    other.objects["a"] = b"1"
    small.write("a", b"1")
    as_store: ObjectStore = other  # type: ignore[assignment]

    assert read(SmallObjects(as_store), ["a"], listed(other)) == [b"1"]
    assert other.reads == ["a"]

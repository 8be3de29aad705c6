"""Folders and buckets: the same behaviour behind one interface, and errors that say what to do."""

import errno
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from personalize_assets.storage.object_store import FolderStore, S3Store, Store, StoreError, open_store
from personalize_assets.storage.s3 import arrow_s3_options

ODD_KEYS = ["a b/c d.json", "50%25/x%20y+z.json", "Größe/ü.json", "day=2026-10-01/{[*?]}.json", "q&a='1'.json"]
DAY_SECONDS = 24 * 3600


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store: each behaviour holds for both kinds."""
    if request.param == "folder":
        (tmp_path / "store").mkdir()
        return open_store(str(tmp_path / "store"))
    return open_store(f"s3://{request.getfixturevalue('bucket')}/some/prefix")


def listed(store: Store, prefix: str = "") -> dict[str, int]:
    return {file.key: file.bytes for file in sorted(store.files(prefix))}


# -- what both kinds do --------------------------------------------------------------------------------------------


def test_a_file_reads_as_it_was_written(store: Store) -> None:
    store.write("a/b.json", b"\x00 bytes \xff")

    assert store.read("a/b.json") == b"\x00 bytes \xff"


def test_a_file_that_is_not_there_reads_as_none(store: Store) -> None:
    assert store.read("a/b.json") is None


def test_a_folder_is_not_a_file_to_read_below(store: Store) -> None:
    store.write("a", b"1")

    assert store.read("a/b") is None


def test_a_second_write_replaces_the_first(store: Store) -> None:
    store.write("a", b"a long first version")
    store.write("a", b"second")

    assert store.read("a") == b"second"
    assert listed(store) == {"a": 6}


@pytest.mark.parametrize(("first_bytes", "expected"), [(1, b"a"), (3, b"abc"), (6, b"abcdef"), (100, b"abcdef")])
def test_the_head_of_a_file_is_read_without_the_rest(store: Store, first_bytes: int, expected: bytes) -> None:
    store.write("a", b"abcdef")

    assert store.read("a", first_bytes) == expected


def test_a_file_without_bytes_is_a_file(store: Store) -> None:
    store.write("empty", b"")

    assert listed(store) == {"empty": 0}
    assert (store.read("empty"), store.read("empty", 10)) == (b"", b"")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_is_taken_as_it_is_written(store: Store, key: str) -> None:
    store.write(key, b"x")

    assert listed(store) == {key: 1}
    assert store.read(key) == b"x"
    assert store.join("joined", b"", [key]).bytes == 1
    store.delete([key])
    assert store.read(key) is None


def test_listing_begins_at_the_prefix(store: Store) -> None:
    for key in ("a/1", "a/b/2", "a/bc/3", "c/4"):
        store.write(key, b"x")

    assert list(listed(store, "a/")) == ["a/1", "a/b/2", "a/bc/3"]
    assert list(listed(store, "a/b")) == ["a/b/2", "a/bc/3"]
    assert list(listed(store, "a/b/")) == ["a/b/2"]
    assert list(listed(store, "nothing/")) == []


def test_a_listed_file_tells_when_it_was_written(store: Store) -> None:
    before = time.time()
    store.write("a", b"x")

    (file,) = store.files()
    assert before - 2 < file.modified < time.time() + 2


def test_the_folders_below_a_prefix_are_named(store: Store) -> None:
    for key in ("top/b c/1", "top/a/x/2", "top/file", "other/3"):
        store.write(key, b"x")

    assert store.folders("top/") == ["a", "b c"]
    assert store.folders() == ["other", "top"]
    assert store.folders("nothing/") == []


def test_deleting_takes_only_what_is_named(store: Store) -> None:
    for key in ("a/1", "a/2", "b/3"):
        store.write(key, b"x")

    store.delete(["a/1", "b/3"])

    assert listed(store) == {"a/2": 1}
    assert store.folders() == ["a"]


def test_deleting_what_is_not_there_is_no_error(store: Store) -> None:
    store.write("a", b"x")

    store.delete(["b/c", "a/below-a-file"])
    store.delete([])

    assert listed(store) == {"a": 1}


def test_joining_puts_header_and_parts_in_order_and_tells_size_and_digest(store: Store) -> None:
    store.write("parts/0", b"1,2\n")
    store.write("parts/1", b"")
    store.write("parts/2", b"3,4\n")

    joined = store.join("exports/all.csv", b"A,B\n", ["parts/2", "parts/1", "parts/0"])

    assert store.read("exports/all.csv") == b"A,B\n3,4\n1,2\n"
    assert joined == (12, hashlib.sha256(b"A,B\n3,4\n1,2\n").hexdigest())
    assert "parts/0" in listed(store)


def test_joining_nothing_gives_the_header_alone(store: Store) -> None:
    assert store.join("all.csv", b"A,B\n", []) == (4, hashlib.sha256(b"A,B\n").hexdigest())
    assert store.read("all.csv") == b"A,B\n"


def test_joining_holds_parts_larger_and_smaller_than_a_block(store: Store) -> None:
    parts = {"0": b"a" * 17_000_001, "1": b"b" * 7, "2": b"c" * 16_777_216, "3": b"d" * 5_000_000}
    for key, data in parts.items():
        store.write(key, data)

    joined = store.join("all", b"header\n", list(parts))

    whole = b"header\n" + b"".join(parts.values())
    assert joined == (len(whole), hashlib.sha256(whole).hexdigest())
    assert store.read("all") == whole


def test_a_join_whose_part_is_gone_leaves_the_file_as_it_was(store: Store) -> None:
    store.write("all.csv", b"former")
    store.write("parts/0", b"1,2\n")

    with pytest.raises(StoreError, match=r"/parts/1.*(deleted while it was needed)"):
        store.join("all.csv", b"A,B\n", ["parts/0", "parts/1"])

    assert listed(store) == {"all.csv": 6, "parts/0": 4}
    assert store.read("all.csv") == b"former"


def test_a_store_that_is_there_passes(store: Store) -> None:
    store.must_be_there()


# -- folders -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


def test_a_folder_that_is_not_there_holds_nothing_but_does_not_pass(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path / "nothing"))

    assert (list(store.files()), store.folders(), store.read("a")) == ([], [], None)
    with pytest.raises(StoreError) as error:
        store.must_be_there()
    assert str(error.value) == f"{tmp_path}/nothing is not a folder; make it, or correct the uri in the config"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreError, match=r"/file is a file and not a folder; correct the uri in the config"):
        FolderStore(str(tmp_path / "file")).must_be_there()


def test_the_first_write_makes_the_folder(tmp_path: Path) -> None:
    FolderStore(str(tmp_path / "new" / "store")).write("a/b", b"x")

    assert (tmp_path / "new/store/a/b").read_bytes() == b"x"


def test_a_folder_reached_through_a_link_is_that_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    store = FolderStore(str(tmp_path / "link"))
    store.write("a/b", b"x")

    assert listed(store) == {"a/b": 1}
    assert (folder / "a/b").read_bytes() == b"x"


def test_a_linked_folder_inside_is_listed_and_one_that_leads_back_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1").write_bytes(b"x")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(folder / "nothing")

    assert listed(FolderStore(str(folder))) == {"linked/1": 1}


def test_a_file_that_vanishes_while_it_is_listed_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(b"x")
    stat = Path.stat

    def vanishing(self: Path, **options: Any) -> os.stat_result:
        if self.name == "b":
            self.unlink(missing_ok=True)
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert list(listed(FolderStore(str(folder)))) == ["a", "c"]


def test_a_folder_that_may_not_be_listed_is_an_error_and_not_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    store = FolderStore(str(folder))
    text = f"{folder} cannot be read: Permission denied; let the user who runs this use it, or correct the uri in the "
    for listing in (lambda: list(store.files()), store.folders):
        with pytest.raises(StoreError) as error:
            listing()
        assert str(error.value).replace("/ cannot", " cannot") == text + "config"


def test_a_place_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "exports").write_text("a file where a folder must be")

    with pytest.raises(StoreError) as error:
        FolderStore(str(folder)).write("exports/a.csv", b"x")

    assert str(error.value) == (
        f"{folder}/exports cannot be written: File exists; let the user who runs this use it, or correct the uri in "
        "the config"
    )


def test_a_full_disk_is_told_and_leaves_the_former_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(str(folder))
    store.write("a", b"former")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as error:
        store.write("a", b"new")

    assert str(error.value) == f"{folder} cannot be written: No space left on device; free some space there"
    assert listed(store) == {"a": 6}


def test_a_reader_meets_the_old_file_or_the_new_one(folder: Path) -> None:
    store = FolderStore(str(folder))
    versions = [bytes([letter]) * 300_000 for letter in b"abc"]
    store.write("a", versions[0])
    stop = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not stop.is_set():
            seen.add(store.read("a") or b"nothing")

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(30):
        store.write("a", versions[turn % 3])
    stop.set()
    reader.join()
    assert seen <= set(versions)


def test_a_join_deletes_what_a_killed_one_left_a_day_ago(folder: Path) -> None:
    for name, age in ((".all.csv.0badcafe", 2 * DAY_SECONDS), (".all.csv.12345678", 60), (".other.1", 2 * DAY_SECONDS)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)

    FolderStore(str(folder)).join("all.csv", b"A\n", [])

    assert sorted(path.name for path in folder.iterdir()) == [".all.csv.12345678", ".other.1", "all.csv"]


def test_a_folder_that_is_emptied_goes_but_the_store_stays(folder: Path) -> None:
    store = FolderStore(str(folder))
    store.write("a/b/c", b"x")

    store.delete(["a/b/c"])

    assert list(folder.iterdir()) == []


# -- S3 ------------------------------------------------------------------------------------------------------------


def refusing(monkeypatch: pytest.MonkeyPatch, code: str, message: str = "no") -> None:
    """Every call to S3 is answered with this error."""
    import botocore.client

    def refuse(_self: Any, operation: str, _options: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", refuse)


def test_more_keys_than_a_page_holds_are_listed_and_deleted(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = S3Store(f"s3://{bucket}/many")
    pages = store._client.meta.events
    pages.register("before-parameter-build.s3.ListObjectsV2", lambda params, **_: params.setdefault("MaxKeys", 2))
    monkeypatch.setattr("personalize_assets.storage.s3._KEYS_PER_DELETE", 3)
    for number in range(7):
        store.write(f"{number}/x", b"")
    S3Store(f"s3://{bucket}/many-others").write("y", b"")

    assert store.folders() == ["0", "1", "2", "3", "4", "5", "6"]
    keys = [file.key for file in store.files()]
    assert keys == ["0/x", "1/x", "2/x", "3/x", "4/x", "5/x", "6/x"]
    store.delete(keys)
    assert listed(S3Store(f"s3://{bucket}")) == {"many-others/y": 0}


def test_a_whole_bucket_is_a_store(bucket: str) -> None:
    S3Store(f"s3://{bucket}").write("a/b", b"x")

    assert listed(S3Store(f"s3://{bucket}/")) == {"a/b": 1}


def test_a_join_that_fails_leaves_no_upload_behind(bucket: str) -> None:
    with pytest.raises(StoreError):
        S3Store(f"s3://{bucket}/p").join("all.csv", b"A\n", ["gone"])

    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("call", ["must_be_there", "files", "folders", "read", "write", "delete", "join"])
def test_a_bucket_that_is_not_there_is_named(bucket: str, call: str) -> None:
    store = S3Store("s3://no-such-bucket/p")
    arguments: dict[str, tuple[Any, ...]] = {
        "read": ("a",),
        "write": ("a", b"x"),
        "delete": (["a"],),
        "join": ("a", b"x", []),
    }

    with pytest.raises(StoreError) as error:
        list(getattr(store, call)(*arguments.get(call, ())))

    uri, text = str(error.value).split(": ", 1)
    assert uri.removesuffix("/a") == "s3://no-such-bucket/p"
    assert text == "there is no bucket 'no-such-bucket'; create it, or correct the uri in the config"


def test_access_denied_says_which_rights_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, "AccessDenied", "Access Denied")

    with pytest.raises(StoreError) as error:
        S3Store("s3://events/p").read("a/b.json")

    assert str(error.value) == (
        "s3://events/p/a/b.json: access denied (GetObject: Access Denied); the role or user that runs this needs "
        "s3:ListBucket and s3:GetObject to read, and s3:PutObject and s3:DeleteObject to write"
    )


def test_a_delete_that_is_refused_key_by_key_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.client

    answer = {"Errors": [{"Key": "p/a", "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", lambda *_: answer)

    with pytest.raises(StoreError, match=r"^s3://events/p/a: access denied \(Access Denied\); .* s3:DeleteObject"):
        S3Store("s3://events/p").delete(["a"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", "AWS rejects the credentials"),
        ("InvalidAccessKeyId", "AWS rejects the credentials"),
        ("PermanentRedirect", "^s3://events: it is in another region"),
        ("AuthorizationHeaderMalformed", "set aws.region in the config or AWS_DEFAULT_REGION to that region"),
        ("SlowDown", r"SlowDown \(ListObjectsV2: "),
    ],
)
def test_what_aws_refuses_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, code: str, expected: str) -> None:
    refusing(monkeypatch, code)

    with pytest.raises(StoreError, match=expected):
        S3Store("s3://events").must_be_there()


def test_missing_credentials_say_how_to_give_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(StoreError) as error:
        S3Store("s3://events/p").must_be_there()

    assert str(error.value) == (
        "s3://events/p: no AWS credentials (Unable to locate credentials); set aws.profile in the config, "
        "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
    )


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(StoreError, match=r"^s3://events: no AWS credentials \(.*\(nobody\) could not be found\); set"):
        S3Store("s3://events").must_be_there()


def test_an_endpoint_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(StoreError, match=r'cannot be reached \(.*"http://127.0.0.1:1/.*check the network, aws.region'):
        S3Store("s3://events").must_be_there()


# -- what Arrow must know ------------------------------------------------------------------------------------------


def test_arrow_is_told_nothing_where_nothing_is_in_s3() -> None:
    assert arrow_s3_options(["/a/folder", "another"]) == {}


def test_arrow_is_told_of_an_endpoint_that_is_not_awss(bucket: str) -> None:
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")

    assert arrow_s3_options(["/a/folder", f"s3://{bucket}/p"]) == {
        "region": "eu-central-1",
        "endpoint_override": host,
        "scheme": "http",
    }


@pytest.fixture
def regions(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The regions that AWS says the buckets are in."""
    import botocore.client

    regions: dict[str, str] = {}
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(
        botocore.client.BaseClient,
        "_make_api_call",
        lambda _self, _operation, options: {"BucketRegion": regions[options["Bucket"]]},
    )
    return regions


def test_arrow_is_told_a_buckets_own_region_and_not_the_environments(regions: dict[str, str]) -> None:
    regions["mine"] = "eu-west-1"

    assert arrow_s3_options(["s3://mine/raw", "s3://mine/out"]) == {"region": "eu-west-1"}


def test_buckets_in_two_regions_are_refused(regions: dict[str, str]) -> None:
    regions |= {"mine": "eu-west-1", "other": "us-west-2"}

    with pytest.raises(StoreError) as error:
        arrow_s3_options(["s3://mine/raw", "s3://other/out"])

    assert str(error.value) == (
        "source and destination must be in the same AWS region, found s3://mine/raw in eu-west-1, s3://other/out in "
        "us-west-2; move one of them"
    )


def test_a_store_is_opened_without_touching_anything(tmp_path: Path) -> None:
    open_store(str(tmp_path / "nothing"))
    open_store("s3://nowhere/at/all")

    shutil.rmtree(tmp_path)  # nothing was made, nothing was called


# -- what a sensor needs ---------------------------------------------------------------------------------------------


def test_files_come_in_the_order_of_keys_from_any_of_them_on(store: Store) -> None:
    keys = ["a", "a b", "a/b", "a/b/c", "aa", "b", "ü"]
    for key in reversed(keys):
        if key != "a/b":  # a folder has no file of a folder's name
            store.write(key if key != "a" else "a.", b"")
    ordered = [file.key for file in store.files()]

    assert ordered == sorted(ordered)
    for number, key in enumerate(ordered, 1):
        assert [file.key for file in store.files(after=key)] == ordered[number:]


def test_a_version_changes_with_the_content_and_only_then(store: Store) -> None:
    def version() -> str:
        (file,) = store.files()
        return file.version

    store.write("key", b"one")
    first, again = version(), version()
    store.write("key", b"two")

    assert first == again != version() != ""


def test_a_prefix_holds_something_or_not(store: Store) -> None:
    store.write("day=2026-10-01/a.json", b"")

    assert [store.holds(prefix) for prefix in ("", "day=", "day=2026-10-01/", "dt=", "day=2026-10-02/", "x/y")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip

"""The raw files of a source by arrival day: every layout, in folders and buckets."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.config import Source
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets.storage.folder import LEADS_OUT, NOT_A_FILE, FolderStore
from personalize_assets.storage.object_store import StoredObject, StoreError, open_store
from personalize_assets.storage.raw_files import (
    NO_FILES,
    DayListing,
    RawFiles,
    Tally,
    archived_files,
    content_digest,
    empty_files,
    format_skipped,
    format_unread,
)
from personalize_assets.storage.unread_keys import UnreadKeys
from personalize_assets_tests.helpers.raw_files_contract import NEXT, START, RawFilesContract, source


class TestRawFilesInAFolder(RawFilesContract):
    @pytest.fixture
    def uri(self, tmp_path: Path) -> str:
        (tmp_path / "raw events").mkdir()
        return str(tmp_path / "raw events")


@pytest.mark.parametrize("name", [*LAYOUTS, "*/%Y/%m/%d/*"])
def test_a_folder_that_is_not_there_is_an_error_and_not_a_day_without_files(tmp_path: Path, name: str) -> None:
    raw = source(str(tmp_path / "nothing"), name)

    for listing in (raw.all, lambda: raw.of([START]), lambda: raw.of([NEXT])):
        with pytest.raises(StoreError) as error:
            listing()
        assert str(error.value) == (f"{tmp_path}/nothing is not a folder; create it, or correct the uri in the config")


# -- the digest of a listing -------------------------------------------------------------------------------------------


def test_a_digest_does_not_depend_on_the_order_of_files_nor_on_their_time() -> None:
    one, two = StoredObject("a", 1, 5.0, "v1"), StoredObject("b", 2, 6.0, "v2")

    assert content_digest({"source": [one, two]}) == content_digest({"source": [two._replace(modified=9.0), one]})


@pytest.mark.parametrize(
    "other",
    [
        {"source": [StoredObject("b", 1, 5.0, "v1")]},
        {"source": [StoredObject("a", 2, 5.0, "v1")]},
        {"source": [StoredObject("a", 1, 5.0, "v2")]},
        {"users": [StoredObject("a", 1, 5.0, "v1")]},
        {"source": [StoredObject("a", 1, 5.0, "v1")] * 2},
        {"source": []},
    ],
)
def test_another_key_size_version_source_or_number_of_files_is_another_digest(
    other: dict[str, list[StoredObject]],
) -> None:
    assert content_digest(other) != content_digest({"source": [StoredObject("a", 1, 5.0, "v1")]})


def test_a_listing_may_be_summed_in_several_steps() -> None:
    files = [StoredObject(name, size, float(size), "v") for name, size in (("a", 1), ("b", 2), ("c", 3))]
    tally = Tally()
    for id, some in (("source", files[:1]), ("users", files[2:]), ("source", files[1:2])):
        tally.add(id, some)

    assert tally.digest == content_digest({"source": files[:2], "users": files[2:]})
    assert (tally.files, tally.bytes, tally.newest, tally.sources) == (3, 6, 3.0, ["source", "users"])
    assert content_digest({"source": []}) == NO_FILES


# -- notifications -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bucket", "key", "day"),
    [
        ("events", "raw/day=2026-10-01/a.gz", START),
        ("events", "raw/notes.txt", None),
        ("events", "other/day=2026-10-01/a.gz", None),
        ("another", "raw/day=2026-10-01/a.gz", None),
    ],
)
def test_a_notification_names_a_day_if_its_object_is_a_raw_file(bucket: str, key: str, day: date | None) -> None:
    raw = RawFiles(Source(uri="s3://events/raw", layout="hive", start_date=START))

    assert raw.day_of_object(bucket, key) == day


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("raw/customer=a%2Fb/dt=2026-10-01-05/a.gz", START),
        ("raw/customer=/dt=2026-10-02-23/a/b", NEXT),
        ("raw/customer=a/dt=2026-10-01-24/a.gz", None),
        ("raw/dt=2026-10-01-05/a.gz", None),
        ("raw/customer=a/dt=2026-10-01-05/_SUCCESS", None),
    ],
)
def test_a_notification_of_a_pattern_names_the_day_of_its_key(key: str, day: date | None) -> None:
    raw = RawFiles(Source(uri="s3://events/raw", layout="customer=*/dt=%Y-%m-%d-%H/**", start_date=START))

    assert raw.day_of_object("events", key) == day


# -- how much a pattern lists ------------------------------------------------------------------------------------------


class CountingStore(FolderStore):
    """A folder that counts the requests which a bucket would receive, and the files that it lists."""

    requests = files_listed = 0

    def check_exists(self) -> None:
        self.requests += 1
        super().check_exists()

    def holds(self, prefix: str = "") -> bool:
        self.requests += 1
        return super().holds(prefix)

    def folders(self, prefix: str = "") -> list[str]:
        self.requests += 1
        return super().folders(prefix)

    def files(self, prefix: str = "", after: str = "", before: str | None = None) -> Iterator[StoredObject]:
        self.requests += 1
        for file in super().files(prefix, after, before):
            self.files_listed += 1
            yield file


def cost_of_a_day(uri: Path, pattern: str, days: int) -> tuple[int, int]:
    """The requests and the listed files of the first day, in a source of so many days with two streams each."""
    key = layout(pattern, START).key
    raw = source(
        str(uri),
        pattern,
        *(key(START + timedelta(days=n), "a", source=stream, hour=5) for n in range(days) for stream in ("ios", "web")),
    )
    raw.store = store = CountingStore(str(uri))

    found = list(DayListing(raw).files(START))

    assert {raw.layout.day_of(file.key) for file in found} == {START}
    return store.requests, store.files_listed


@pytest.mark.parametrize(
    ("pattern", "requests"),
    [
        ("*/%Y/%m/%d/%H/*", 1 + 1 + 2 * 2),  # exists? which streams? each with 01 and 1
        ("customer=*/device=*/year=%Y/month=%m/day=%d/**", 1 + 1 + 2 + 2 * 2),
        ("*/dt=%Y%m%d%H/*", 1 + 1 + 2),
        ("logs/%Y%m%d_*.gz", 1 + 1),
        ("logs//%Y%m%d/*.gz", 1 + 1),
        ("*/%Y/%j/**", 1 + 1 + 2),
        ("segment-logs/*/%Q/*", 1 + 1 + 2),
        ("run-*-%Y%m%d-%H/*", 1 + 1 + 2),
    ],
)
def test_a_day_takes_as_many_requests_however_long_the_history_is(tmp_path: Path, pattern: str, requests: int) -> None:
    short, long = cost_of_a_day(tmp_path / "short", pattern, 3), cost_of_a_day(tmp_path / "long", pattern, 60)

    assert (short[0], long[0]) == (requests, requests)
    assert short[1] == long[1] <= 4


def test_a_day_above_which_no_pattern_can_be_listed_is_found_in_all_files(tmp_path: Path) -> None:
    raw = source(str(tmp_path), "**/*_%Y%m%d.json", "a/web_20261001.json", "b_20261001.json", "a/web_20261002.json")

    assert [file.key for file in DayListing(raw).files(START)] == ["a/web_20261001.json", "b_20261001.json"]
    assert [file.key for file in raw.of([NEXT]).days[NEXT]] == ["a/web_20261002.json"]


def test_days_that_cannot_be_listed_alone_are_listed_once_a_tick(tmp_path: Path) -> None:
    raw = source(str(tmp_path), "*_%Y%m%d.json", "a_20261001.json", "a_20261002.json", "b_20261001.json")
    raw.store = store = CountingStore(str(tmp_path))
    listing = DayListing(raw)

    found = [[file.key for file in listing.files(day)] for day in (START, NEXT, START)]

    assert found == [
        ["a_20261001.json", "b_20261001.json"],
        ["a_20261002.json"],
        ["a_20261001.json", "b_20261001.json"],
    ]
    assert [file.key for file in listing.files(START, "a_20261001.json")] == ["b_20261001.json"]
    assert store.requests == 2  # exists? all of it


@given(
    pattern=st.sampled_from(
        [
            "*/%Y/%m/%d/%H/*",
            "dt=%Y-%m-%d-%H/**",
            "logs/%Y%m%d_*",
            "c=*/y=%Y/m=%m/d=%d/**",
            "%Y-%m-%d",
            "%s/*",
            "x-%Q.json",
            "**/%Y-%m-%d/*",
            "%Y/%j/*",
            "run-*-%Y%m%d-%H/*",
            "run-*-%s/*",
        ]
    ),
    days=st.lists(
        st.dates(min_value=date(1970, 1, 3), max_value=date(2100, 1, 1)), min_size=1, max_size=4, unique=True
    ),
    near=st.booleans(),
)
def test_a_key_is_found_by_listing_its_day_and_by_no_other(pattern: str, days: list[date], near: bool) -> None:
    days = [days[0] + timedelta(days=n) for n in range(4)] if near else days
    keys_of = layout(pattern, date(1970, 1, 1))
    keys = {day: keys_of.key(day, "a", source="web", hour=23) for day in days}
    with TemporaryDirectory() as folder:
        open_store(folder).write("README", b"")
        for key in keys.values():
            open_store(folder).write(key, b"{}")
        raw = RawFiles(Source(uri=folder, layout=pattern, start_date=date(1970, 1, 1)))

        alone = {day: [file.key for file in DayListing(raw).files(day)] for day in days}
        of_days = raw.of(days)

    assert alone == {day: [key] for day, key in keys.items()}
    assert {day: [file.key for file in files] for day, files in of_days.days.items()} == alone


# -- what is not read --------------------------------------------------------------------------------------------------


def test_what_is_no_file_or_leads_out_of_the_source_is_skipped_and_counted_with_its_day(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1").write_bytes(b"{}")
    raw = source(str(tmp_path / "raw"), "hive", "day=2026-10-01/a")
    os.mkfifo(tmp_path / "raw/day=2026-10-01/pipe")
    (tmp_path / "raw/day=2026-10-01/out").symlink_to(tmp_path / "elsewhere/1")
    (tmp_path / "raw/day=2026-10-02").symlink_to(tmp_path / "elsewhere")

    for listing in (raw.all(), raw.of([START, NEXT])):
        assert [file.key for files in listing.days.values() for file in files] == ["day=2026-10-01/a"]
        assert listing.foreign_by_day == {START: 2, NEXT: 1}
        assert listing.skipped == {
            "day=2026-10-01/pipe": NOT_A_FILE,
            "day=2026-10-01/out": LEADS_OUT,
            "day=2026-10-02/": LEADS_OUT,
        }
    assert [file.key for file in DayListing(raw).files(START)] == ["day=2026-10-01/a"]
    assert list(DayListing(raw).files(NEXT)) == []
    assert format_skipped(raw) == (
        f"3 in {tmp_path}/raw, e.g. day=2026-10-01/out ({LEADS_OUT}); day=2026-10-01/pipe ({NOT_A_FILE})"
    )


def test_links_are_followed_if_the_source_says_so(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1").write_bytes(b"{}")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/day=2026-10-01").symlink_to(tmp_path / "elsewhere")
    raw = RawFiles(Source(uri=str(tmp_path / "raw"), layout="hive", start_date=START, follow_links=True))

    assert {day: [file.key for file in files] for day, files in raw.all().days.items()} == {START: ["day=2026-10-01/1"]}


def test_a_source_of_nothing_but_links_names_one_and_why(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/day=2026-10-01").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PersonalizeAssetsError, match=r"found e\.g\. day=2026-10-01/ \(a link that leads out"):
        source(str(tmp_path / "raw"), "hive").all()


def test_keys_that_do_not_fit_are_counted_with_an_example_of_each_kind(tmp_path: Path) -> None:
    minutes = [f"2026/10/01/05/0{minute}/events" for minute in (1, 2, 3, 4)]
    marks = ["2026/10/01/05/_SUCCESS", "2026/10/01/_temporary/0/part"]
    raw = source(str(tmp_path), "firehose", *minutes, "web/2026/10/01/05/events", *marks, "2026/10/01/05/events-1")

    alone = raw.of([START])
    assert alone.unfit == UnreadKeys(4, (minutes[0],))
    assert raw.unfit_elsewhere == UnreadKeys()
    whole = raw.all()

    assert [file.key for file in whole.days[START]] == ["2026/10/01/05/events-1"]
    assert whole.unfit == UnreadKeys(5, (minutes[0], "web/2026/10/01/05/events"))
    assert whole.unfit_by_day == alone.unfit_by_day == {START: UnreadKeys(4, (minutes[0],))}
    assert (whole.foreign, whole.foreign_by_day, alone.foreign_by_day) == (7, {START: 6}, {START: 6})
    assert raw.unfit_elsewhere == UnreadKeys(1, ("web/2026/10/01/05/events",))
    assert list(format_unread(raw)) == [
        f"Not read: {tmp_path} has keys that do not fit the layout firehose (<YYYY>/<MM>/<DD>/<HH>/<file>): "
        "5, e.g. 2026/10/01/05/01/events, web/2026/10/01/05/events; if they are events, correct layout or uri"
    ]


def test_keys_that_do_not_fit_a_pattern_are_counted_with_the_day_in_whose_folder_they_are(tmp_path: Path) -> None:
    raw = source(
        str(tmp_path),
        "*/dt=%Y-%m-%d-%H/*.gz",
        "web/dt=2026-10-01-05/a.gz",
        "web/dt=2026-10-01-05/b.txt",
        "web/dt=2026-10-01-x/a.gz",
        "web/dt=2026-10-01-05/_SUCCESS",
        "dt=2026-10-01-05/a.gz",
    )

    alone, whole = raw.of([START]), raw.all()

    for listing in (alone, whole):
        assert [file.key for file in listing.days[START]] == ["web/dt=2026-10-01-05/a.gz"]
        assert listing.foreign_by_day == {START: 3}
        assert listing.unfit_by_day == {
            START: UnreadKeys(2, ("web/dt=2026-10-01-05/b.txt", "web/dt=2026-10-01-x/a.gz"))
        }
    assert whole.unfit_elsewhere == UnreadKeys(1, ("dt=2026-10-01-05/a.gz",))
    assert list(format_unread(raw)) == [
        f"Not read: {tmp_path} has keys that do not fit the layout */dt=%Y-%m-%d-%H/*.gz "
        "(<any>/dt=<YYYY-MM-DD>-<HH>/<any>.gz): 3, e.g. dt=2026-10-01-05/a.gz, web/dt=2026-10-01-05/b.txt, "
        "web/dt=2026-10-01-x/a.gz; if they are events, correct layout or uri"
    ]


def test_files_without_bytes_are_counted(tmp_path: Path) -> None:
    raw = source(str(tmp_path), "hive", "day=2026-10-01/a")
    (tmp_path / "day=2026-10-01/b").touch()

    listing = raw.of([START])

    assert empty_files(listing.days[START]) == UnreadKeys(1, ("day=2026-10-01/b",))
    assert list(format_unread(raw)) == [f"Empty:    {tmp_path} has files without bytes: 1, e.g. day=2026-10-01/b"]


def test_an_archived_file_is_the_same_content_and_is_counted() -> None:
    file = StoredObject("a", 1, 5.0, "v1")
    archived = file._replace(archive="GLACIER")

    assert content_digest({"source": [archived]}) == content_digest({"source": [file]})
    assert archived_files([file, archived]) == UnreadKeys(1, ("a",))

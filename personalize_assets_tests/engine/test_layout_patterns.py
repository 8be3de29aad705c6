"""Files under the keys that people really have, from a layout in the config to the bytes of the CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.raw_files import format_unread
from personalize_assets_tests.helpers.groups import FIRST, SECOND, convert, export
from personalize_assets_tests.helpers.stored import latest_csv

FIVE_O_CLOCK = 1_790_830_800  # 2026-10-01T05:00:00Z
HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\n"


def view(number: int) -> str:
    """A view of an item by a user, so many seconds after five o'clock."""
    return json.dumps(
        {
            "messageId": f"m{number}",
            "event": "View",
            "userId": f"u{number}",
            "properties": {"sku": f"s{number}", "price": number + 0.5},
            "timestamp": f"2026-10-01T05:00:0{number}Z",
        }
    )


def row(number: int) -> str:
    """Its line in the CSV."""
    return f"u{number},s{number},View,{number}.5,{FIVE_O_CLOCK + number}\n"


def group_of(folder: Path, layout: str, files: Mapping[str, str]) -> DatasetGroup:
    """A group whose raw files these are, by key."""
    for key, text in files.items():
        file = folder / "raw" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "personalize.yaml").write_text(
        f'source: {{uri: raw, layout: "{layout}", start_date: 2026-10-01}}\n'
        "destination: {uri: out}\n"
        "dataset_group: {name: site}\n"
        "datasets:\n"
        "  interactions:\n"
        "    where: {event: [View]}\n"
        "    dedupe_by: messageId\n"
        "    columns:\n"
        "      USER_ID: userId\n"
        "      ITEM_ID: properties.sku\n"
        "      EVENT_TYPE: event\n"
        "      EVENT_VALUE: {path: properties.price, type: float}\n"
        "      TIMESTAMP: timestamp\n"
    )
    return DatasetGroup(load_config(folder / "personalize.yaml"))


@pytest.mark.parametrize(
    ("layout", "first", "second"),
    [
        (
            "customer_id=*/device=*/year=%Y/month=%m/day=%d/hour=%H/**",
            "customer_id=a/device=web/year=2026/month=10/day=01/hour=05/part-0.json",
            "customer_id=b/device=ios/year=2026/month=10/day=02/hour=06/part-0.json",
        ),
        ("%Y-%m-%d/customer/*", "2026-10-01/customer/a", "2026-10-02/customer/a"),
        ("clickstream%Y/%m/%d/%H/*", "clickstream2026/10/01/05/a", "clickstream2026/10/02/05/a"),
        ("dt=%Y-%m-%d-%H/*", "dt=2026-10-01-05/a", "dt=2026-10-02-05/a"),
        ("dt=%Y%m%d/*", "dt=20261001/a", "dt=20261002/a"),
        ("ingest_date=%Y-%m-%d/*", "ingest_date=2026-10-01/a", "ingest_date=2026-10-02/a"),
        ("y=%Y/m=%m/d=%d/*", "y=2026/m=10/d=01/a", "y=2026/m=10/d=02/a"),
        ("month=%Y-%m/date=%Y-%m-%d/*", "month=2026-10/date=2026-10-01/a", "month=2026-10/date=2026-10-02/a"),
        ("%Y/%m/%d/%H/%M/*", "2026/10/01/05/03/a", "2026/10/02/05/03/a"),
        ("%Y/%m/%d/%H/*", "2026/10/1/5/a", "2026/10/2/5/a"),
        ("run=%Y-%m-%d-%H-%M-%S/*", "run=2026-10-01-05-00-00/a", "run=2026-10-02-05-00-00/a"),
        ("segment_type=*/day=%Y-%m-%d/hr=%H/*",
         "segment_type=p/day=2026-10-01/hr=5/a", "segment_type=t/day=2026-10-02/hr=15/a"),
        ("logs/%Y%m%d_*", "logs/20261001_0", "logs/20261002_0"),
        ("unload/day=%Y-%m-%d/part_*_part_*",
         "unload/day=2026-10-01/part_0000_part_00", "unload/day=2026-10-02/part_0001_part_00"),
        ("topics/*/year=%Y/month=%m/day=%d/hour=%H/*",
         "topics/a/year=2026/month=10/day=01/hour=05/a+0+12.json",
         "topics/b/year=2026/month=10/day=02/hour=05/b+0+12.json"),
        ("*/%Y/%m/%d/%H/*", "web/2026/10/01/05/a", "ios/2026/10/02/05/a"),
        ("logs/%s/*", f"logs/{FIVE_O_CLOCK}/a", f"logs/{FIVE_O_CLOCK + 86_400}/a"),
    ],
    ids=lambda text: text if "%" in text else "",
)  # fmt: skip
def test_each_day_is_read_from_its_own_keys(
    tmp_path: Path, engine: Engine, layout: str, first: str, second: str
) -> None:
    group = group_of(tmp_path, layout, {first: view(1), second: view(2)})

    convert(group, engine, [SECOND])
    export(group, engine)
    alone = latest_csv(group.destination, "interactions")
    convert(group, engine, [FIRST])
    export(group, engine)

    assert alone == (HEADER + row(2)).encode()
    assert latest_csv(group.destination, "interactions") == (HEADER + row(1) + row(2)).encode()


def test_the_hours_of_several_customers_are_one_day(tmp_path: Path, engine: Engine) -> None:
    places = [(customer, device, hour) for customer in "ab" for device in ("web", "ios") for hour in (5, 6)]
    files = {
        f"customer_id={customer}/device={device}/year=2026/month=10/day=01/hour=0{hour}/part-0.json": view(number)
        for number, (customer, device, hour) in enumerate(places)
    }
    group = group_of(tmp_path, "customer_id=*/device=*/year=%Y/month=%m/day=%d/hour=%H/**", files)

    convert(group, engine, [FIRST])
    export(group, engine)

    assert latest_csv(group.destination, "interactions") == (HEADER + "".join(map(row, range(8)))).encode()


def test_streams_of_one_bucket_are_one_source(tmp_path: Path, engine: Engine) -> None:
    files = {f"{stream}/2026/10/01/05/events": view(number) for number, stream in enumerate(("web", "ios", "android"))}
    group = group_of(tmp_path, "*/%Y/%m/%d/%H/*", files)

    convert(group, engine, [FIRST])
    export(group, engine)

    assert latest_csv(group.destination, "interactions") == (HEADER + row(0) + row(1) + row(2)).encode()


def test_a_source_of_two_uris_is_read_as_one(tmp_path: Path, engine: Engine) -> None:
    group_of(tmp_path, "%Y/%m/%d/*", {"web/2026/10/01/a": view(1), "ios/2026/10/01/a": view(2)})
    config = tmp_path / "personalize.yaml"
    config.write_text(config.read_text().replace("uri: raw", "uri: [raw/web, raw/ios]"))
    group = DatasetGroup(load_config(config))

    converted = convert(group, engine, [FIRST])
    export(group, engine)

    counts = converted.accounting["interactions"][FIRST.isoformat()]
    assert (counts.raw_files, counts.read, counts.wanted) == (2, 2, 2)
    assert latest_csv(group.destination, "interactions") == (HEADER + row(1) + row(2)).encode()
    (tmp_path / "raw/ios/2026/10/02").mkdir()
    (tmp_path / "raw/ios/2026/10/02/a").write_text(view(3))
    convert(DatasetGroup(load_config(config)), engine, [SECOND])
    export(group, engine)
    assert latest_csv(group.destination, "interactions") == (HEADER + row(1) + row(2) + row(3)).encode()


def test_keys_that_do_not_fit_are_counted_and_their_events_are_not_read(tmp_path: Path, engine: Engine) -> None:
    files = {f"2026/10/01/05/0{minute}/events": view(minute) for minute in (1, 2, 3, 4)}
    files |= {"web/2026/10/01/05/events": view(9), "2026/10/01/05/events-1": view(0)}
    group = group_of(tmp_path, "firehose", files)

    group.files_by_day()
    convert(group, engine, [FIRST])
    export(group, engine)

    assert latest_csv(group.destination, "interactions") == (HEADER + row(0)).encode()
    (line,) = format_unread(group.sources["source"])
    assert "5, e.g. 2026/10/01/05/01/events, web/2026/10/01/05/events; if they are events" in line

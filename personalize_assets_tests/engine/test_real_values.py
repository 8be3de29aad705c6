"""Values as real sites write them: what becomes of them in the CSV, and how the loss of any is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.convert import ConvertedDays
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import FIRST, SECOND, THIRD, convert, export
from personalize_assets_tests.helpers.stored import latest_csv

FIVE_O_CLOCK = 1_790_830_800  # 2026-10-01T05:00:00Z


class Site:
    """A site whose events arrived on one day; ``datasets`` is that section of its config in YAML."""

    def __init__(self, folder: Path, engine: Engine, datasets: str) -> None:
        self.folder = folder
        self.engine = engine
        (folder / "personalize.yaml").write_text(
            "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
            "destination: {uri: out}\n"
            "dataset_group: {name: site}\n"
            f"datasets:\n{datasets}"
        )
        (folder / "raw").mkdir()
        self.group = DatasetGroup(load_config(folder / "personalize.yaml"))

    def arrive(self, *events: dict[str, Any]) -> ConvertedDays:
        """Convert the events of the day, and export all datasets."""
        day = self.folder / "raw" / f"day={FIRST}"
        day.mkdir()
        (day / "events.json").write_text("".join(json.dumps(event) + "\n" for event in events))
        converted = convert(self.group, self.engine, [FIRST])
        export(self.group, self.engine)
        return converted

    def csv(self, dataset: str) -> str:
        """The export of a dataset."""
        return (latest_csv(self.group.destination, dataset) or b"there is no export").decode()


INTERACTIONS = """\
  interactions:
    where: {event: View}
    columns: {USER_ID: user, ITEM_ID: sku, TIMESTAMP: at}
"""


def view(number: int, **more: Any) -> dict[str, Any]:
    """A view of an item by a user, both with the number in their ids, so many seconds after five o'clock."""
    return {"event": "View", "user": f"u{number}", "sku": f"s{number}", "at": FIVE_O_CLOCK + number, **more}


def test_every_form_of_a_time_is_the_same_second(tmp_path: Path, engine: Engine) -> None:
    forms = [
        "2026-10-01 05:00:00 UTC",
        "Thu, 01 Oct 2026 05:00:01 GMT",
        "2026/10/01 05:00:02",
        "20261001T050003Z",
        "2026-10-1T5:00:04Z",
        "2026-10-01T05:00:05,250Z",
        1790830806.75,
        "2026-10-01 07:00:07 +0200",
        "2026-10-01 05:00:08.5 +0000 UTC",
    ]
    site = Site(tmp_path, engine, INTERACTIONS)

    site.arrive(*(view(number, at=form) for number, form in enumerate(forms)), view(9, at="01/10/2026 05:00:09"))

    lines = [f"u{number},s{number},{FIVE_O_CLOCK + number}\n" for number in range(9)]
    assert site.csv("interactions") == "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(lines)


def test_words_and_numbers_of_the_config_stay_as_they_are_written(tmp_path: Path, engine: Engine) -> None:
    site = Site(
        tmp_path,
        engine,
        """\
  interactions:
    where: {country: [NO, SE], version: [1.10]}
    columns:
      USER_ID: user
      ITEM_ID: sku
      EVENT_TYPE: {path: gift, map: {true: Yes, false: No}}
      TEST: {constant: No, categorical: true}
      TIMESTAMP: at
""",
    )

    site.arrive(
        view(0, country="NO", gift=True, version="1.10"),
        view(1, country="SE", gift=False, version="1.10"),
        view(2, country="NO", gift=True, version=1.1),
        view(3, country="NO", gift=True, version="1.1"),
        view(4, country="DE", gift=False, version="1.10"),
        view(5, country="no", gift=True, version="1.10"),
    )

    assert site.csv("interactions") == (
        "USER_ID,ITEM_ID,EVENT_TYPE,TEST,TIMESTAMP\n"
        "u0,s0,Yes,No,1790830800\n"
        "u1,s1,No,No,1790830801\n"
        "u2,s2,Yes,No,1790830802\n"
    )


def test_words_that_are_null_and_blank_texts_are_missing_values(tmp_path: Path, engine: Engine) -> None:
    site = Site(
        tmp_path,
        engine,
        """\
  interactions:
    where: {event: View}
    columns: {USER_ID: user, ITEM_ID: [sku, name], TIMESTAMP: at, TAG: {path: tags, categorical: true}}
nulls: [undefined, (not set), 1.10, 404]
""",
    )

    converted = site.arrive(
        view(0, tags=["a", "(not set)", " ", "b"]),
        view(1, user="undefined"),
        view(2, user=" "),
        view(3, user=""),
        view(4, sku=404, name="n4", tags="1.10"),
        view(5, user="(not set)"),
        view(6, user="\0", tags="x"),
        view(7, user="u\x007", tags="a\nb\r\nc\0d"),
    )

    assert site.csv("interactions") == (
        "USER_ID,ITEM_ID,TIMESTAMP,TAG\n"
        "u0,s0,1790830800,a|b\n"
        "u4,n4,1790830804,\n"
        "u7,s7,1790830807,a b cd\n"
    )  # fmt: skip
    assert dict(converted.commits["interactions"][FIRST.isoformat()].rejected) == {"missing:USER_ID": 5}


def test_dates_of_items_have_no_range(tmp_path: Path, engine: Engine) -> None:
    films = """\
  items:
    where: {event: View}
    columns:
      ITEM_ID: sku
      KIND: {constant: film, categorical: true}
      CREATION_TIMESTAMP: [released, at]
"""
    site = Site(tmp_path, engine, INTERACTIONS + films)

    site.arrive(
        view(0, released="1942-11-26"),
        view(1, released="1972-03-14"),
        view(2, released="1989-07-21"),
        view(3, released="2026-12-18"),
        view(4),
        {**view(5), "at": 0},
        view(6, released="soon"),
    )

    assert site.csv("items") == (
        "ITEM_ID,KIND,CREATION_TIMESTAMP\n"
        "s0,film,-855187200\n"
        "s1,film,69379200\n"
        "s2,film,616982400\n"
        "s3,film,1797552000\n"
        f"s4,film,{FIVE_O_CLOCK + 4}\n"
        "s5,film,\n"
        "s6,film,\n"
    )


def test_values_that_cannot_be_used_leave_their_rows_and_are_counted(tmp_path: Path, engine: Engine) -> None:
    site = Site(
        tmp_path,
        engine,
        """\
  interactions:
    where: {event: View}
    columns:
      USER_ID: user
      ITEM_ID: sku
      EVENT_VALUE: {path: price, type: float}
      TAG: {path: tag, categorical: true}
      IMPRESSION: shown
      TIMESTAMP: at
""",
    )
    shown = [f"{number:036d}" for number in range(48)]

    converted = site.arrive(
        view(0, price="$3.50"),
        view(1, price="N/A"),
        view(2, price="3,50"),
        view(3, price="1,234.50"),
        view(4, price=2, tag="x" * 1000),
        view(5, price="2.25", tag="x" * 1001),
        view(6, shown=shown),
        {**view(7, price="N/A", tag="x" * 1001), "user": None},
    )

    assert site.csv("interactions") == (
        "USER_ID,ITEM_ID,EVENT_VALUE,TAG,IMPRESSION,TIMESTAMP\n"
        "u0,s0,,,,1790830800\n"
        "u1,s1,,,,1790830801\n"
        "u2,s2,,,,1790830802\n"
        "u3,s3,,,,1790830803\n"
        f"u4,s4,2,{'x' * 1000},,1790830804\n"
        "u5,s5,2.25,,,1790830805\n"
        f"u6,s6,,,{'|'.join(shown[:27])},1790830806\n"
    )
    commit = converted.commits["interactions"][str(FIRST)]
    assert (commit.kept, commit.rejected) == (7, {"missing:USER_ID": 1})
    assert commit.dropped == {"bad_value:EVENT_VALUE": 4, "too_long:TAG": 1, "too_long:IMPRESSION": 1}


DUMPS = """\
  users:
    source: {uri: crm, layout: hive}
    columns:
      USER_ID: id
      TIER: {path: tier, categorical: true}
      SCORE: {path: score, type: int}
      FIRST_TIER: {path: tier, categorical: true, keep: first}
"""


def test_a_dump_a_day_gives_the_values_of_the_newest(tmp_path: Path, engine: Engine) -> None:
    site = Site(tmp_path, engine, INTERACTIONS + DUMPS)
    days = (FIRST, SECOND, THIRD)
    for day, tier, score in zip(days, ("platinum", "gold", "basic"), (90, 50, 10), strict=True):
        folder = tmp_path / "crm" / f"day={day}"
        folder.mkdir(parents=True)
        users = [{"id": f"u{number}", "tier": tier, "score": score + number} for number in range(3)]
        (folder / "u.json").write_text("".join(json.dumps(user) + "\n" for user in users))

    # The newest day first, and each by itself: the order of arrival counts, and not that of the runs.
    for day in reversed(days):
        converted = convert(site.group, engine, [day], "users")
        export(site.group, engine, "users", "users_csv")

    assert site.csv("users") == (
        "USER_ID,TIER,SCORE,FIRST_TIER\nu0,basic,10,platinum\nu1,basic,11,platinum\nu2,basic,12,platinum\n"
    )
    assert converted.commits["users"][str(FIRST)].untimed == 3

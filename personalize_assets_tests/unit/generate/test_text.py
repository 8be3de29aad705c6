"""Times and ids as text."""

import re
from random import Random

from personalize_assets.generate.text import iso_text, iso_text_in_seconds, uuid_text


def test_a_time_has_milliseconds_and_z_or_its_offset() -> None:
    ms = 1_790_849_472_123

    assert iso_text(ms) == "2026-10-01T10:11:12.123Z"
    assert iso_text(ms, 2) == "2026-10-01T12:11:12.123+02:00"
    assert iso_text(ms, -5) == "2026-10-01T05:11:12.123-05:00"


def test_a_time_in_seconds_is_rounded_down() -> None:
    assert iso_text_in_seconds(1_790_849_472_999) == "2026-10-01T10:11:12Z"


def test_an_id_is_a_version_4_uuid_of_the_seed() -> None:
    first = uuid_text(Random(1))

    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", first)
    assert uuid_text(Random(1)) == first
    assert uuid_text(Random(2)) != first

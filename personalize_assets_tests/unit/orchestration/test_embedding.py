"""Prefixes of a host project: in asset keys as they are, in other names with what Dagster takes there."""

from __future__ import annotations

import re
from typing import Any

import dagster as dg
import pytest

from personalize_assets.orchestration.embedding import Embedding, prefix_of


@pytest.mark.parametrize(
    ("written", "prefix"),
    [((), ()), ("", ()), ("shop", ("shop",)), (["media", "shop"], ("media", "shop")), ("shop-eu.1", ("shop-eu.1",))],
)
def test_a_text_is_one_part_and_nothing_is_none(written: Any, prefix: tuple[str, ...]) -> None:
    assert prefix_of(written) == prefix


@pytest.mark.parametrize(("written", "part"), [("media/shop", "media/shop"), (["shop", ""], ""), ([1], 1)])
def test_a_part_that_no_key_can_have_is_refused(written: Any, part: object) -> None:
    wanted = re.escape(f"key_prefix: {part!r} is not a part of an asset key; write a text, as 'shop'")
    with pytest.raises(ValueError, match=wanted):
        prefix_of(written)


def test_keys_have_the_prefix_as_it_is_and_names_what_dagster_takes() -> None:
    embedding = Embedding(key_prefix=("shop-eu", "v1.2"))

    assert embedding.key("users") == dg.AssetKey(["shop-eu", "v1.2", "users"])
    assert embedding.name("convert") == "shop_eu_v1_2_convert"

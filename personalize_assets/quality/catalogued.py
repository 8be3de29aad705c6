"""Rules for the catalogs of arrival days: is everything read that the source has? They only warn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from personalize_assets.quality.rule import MAX_ROWS, OURS, Finding, Rule
from personalize_assets.storage.manifests import DayCatalog
from personalize_assets.storage.unread_keys import NO_KEYS, UnreadKeys


@dataclass(frozen=True)
class CatalogFacts:
    """What is known of days after they were catalogued.

    Attributes:
        catalogs: By arrival day (ISO, UTC).
        elsewhere: Keys that do not fit the layout and are in no day's folder; none where the source was not listed as a
            whole.
    """

    catalogs: Mapping[str, DayCatalog]
    elsewhere: UnreadKeys = NO_KEYS


def _none_of(
    select: Callable[[DayCatalog], UnreadKeys], *, with_elsewhere: bool = False
) -> Callable[[CatalogFacts], Finding]:
    """No day has any of these keys."""

    def judge(facts: CatalogFacts) -> Finding:
        found = {day: keys for day, catalog in facts.catalogs.items() if (keys := select(catalog)).count}
        if with_elsewhere and facts.elsewhere.count:
            found["none"] = facts.elsewhere
        rows = [{"day": day, "keys": keys.count, "examples": ", ".join(keys.examples)} for day, keys in found.items()]
        return Finding(not found, sum(keys.count for keys in found.values()), "none", tuple(rows[-MAX_ROWS:]))

    return judge


CATALOG_RULES: tuple[Rule[CatalogFacts], ...] = (
    Rule(
        "every_key_fits_the_layout",
        _none_of(lambda catalog: catalog.unfit, with_elsewhere=True),
        "No key that may be a raw file is left out because it does not fit the source's layout.",
        "look at the examples: if they are events, correct `source.layout` or `source.uri`. Keys in no day's folder "
        "are only seen where the whole source is listed, as `personalize-assets run` does.",
        OURS,
        False,
        (),
    ),
    Rule(
        "no_raw_file_is_archived",
        _none_of(lambda catalog: catalog.archived),
        "No raw file is in an archive of S3 (GLACIER, DEEP_ARCHIVE), from which it cannot be read.",
        "restore the objects and convert the days again, or their events are missing in what is converted from now on. "
        "Let the bucket's lifecycle rule move raw files to GLACIER_IR instead.",
        "S3 user guide, page restoring-objects",
        False,
        (),
    ),
    Rule(
        "no_raw_file_is_empty",
        _none_of(lambda catalog: catalog.empty),
        "No raw file has no bytes.",
        "ask the producer: a file that was never written to the end is often left without bytes.",
        OURS,
        False,
        (),
    ),
)  # fmt: skip

"""Which checks are red on what is current, for the command line: the same rules as the checks in Dagster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from personalize_assets.judging.current_checks import CurrentCheck, current_checks
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.evaluate import format_finding
from personalize_assets.quality.rule import Finding
from personalize_assets.storage.manifests import DayState


class RedCheck(NamedTuple):
    """A check that is not passed.

    Attributes:
        asset: Name of its asset, without a prefix.
        name: Its own.
        finding: With the likely causes.
        is_error: Whether Personalize would refuse the data.
    """

    asset: str
    name: str
    finding: Finding
    is_error: bool

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.asset}: {format_finding(self.name, self.finding)}"


def red_checks(group: DatasetGroup, states: Mapping[str, DayState]) -> list[RedCheck]:
    """The red checks of the daily datasets over all converted days, and of the current CSVs; errors first.

    ``states`` are all converted days, by day (ISO). See ``current_checks``.
    """
    return red_of(current_checks(group, states))


def red_of(checks: Iterable[CurrentCheck]) -> list[RedCheck]:
    """Those that are red, errors first."""
    red = (RedCheck(one.asset, one.rule.name, one.finding, one.rule.is_error) for one in checks if one.is_red)
    return sorted(red, key=lambda check: not check.is_error)

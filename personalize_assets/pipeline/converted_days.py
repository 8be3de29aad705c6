"""The converted days that count: those from the config's ``start_date`` on."""

from __future__ import annotations

from collections.abc import Mapping

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.days import commits_of
from personalize_assets.storage.manifests import DayState


def converted_days(group: DatasetGroup) -> dict[str, DayState]:
    """What is committed of each day (ISO), oldest first, from ``start_date`` on.

    Days before it were converted when it was earlier. They stay stored, and count again if it is set back.
    """
    return counted(group, group.destination.days.all())


def missing_days(group: DatasetGroup, states: Mapping[str, DayState], name: str) -> tuple[str, ...]:
    """The days (ISO) of which another dataset of the group is converted, and this one is not."""
    own = commits_of(states, name).keys()
    others = {day for other in group.datasets for day in commits_of(states, other)}
    return tuple(sorted(others - own))


def counted(group: DatasetGroup, states: Mapping[str, DayState]) -> dict[str, DayState]:
    """Of these days (ISO) those from ``start_date`` on."""
    first = group.config.source.start_date.isoformat()
    return {day: state for day, state in states.items() if day >= first}

"""The weights of event types for a solution, to be copied: as many types as one takes, those with most rows first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_EVENT_TYPES = 10
"""Of ``eventParametersList`` (API EventsConfig)."""


def events_config(events: Mapping[str, int]) -> dict[str, Any]:
    """The ``eventsConfig`` of CreateSolution with the same weight for each event type, the most frequent first.

    A solution does not consider a type that is not listed (page optimizing-solution-events-config), and only the ratios
    of the weights matter: they are what the user changes.
    """
    most = sorted(events, key=lambda name: (-events[name], name))[:MAX_EVENT_TYPES]
    return {"eventsConfig": {"eventParametersList": [{"eventType": name, "weight": 1.0} for name in most]}}

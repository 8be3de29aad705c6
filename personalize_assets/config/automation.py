"""The config's section `automation`: what happens without anybody asking for it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, model_validator

from personalize_assets.config.fields import Clock, QueueUrl, Switch, at_least, one_of


class Automation(BaseModel):
    """What happens by itself. `automation: on` is `automation: {on: true}`; everything else has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: Switch = False
    arrivals: Annotated[str, one_of(("list", "sqs"), "a way to learn of files")] = "list"
    sqs_queue: QueueUrl | None = None
    interval_seconds: Annotated[int, at_least(1)] = 60
    # Firehose tries again for 24 hours where it cannot deliver (developer guide, page basic-deliver).
    lookback_days: Annotated[int, at_least(1)] = 3
    older_days_per_tick: Annotated[int, at_least(1)] | None = None
    # Firehose buffers for up to 15 minutes (API, BufferingHints), so a stream in use never looks settled in between.
    settle_minutes: Annotated[float, at_least(0)] = 30
    export: Annotated[str, one_of(("daily", "eager"), "a time to export")] = "daily"
    export_at: Clock = "04:00"
    max_days_per_run: Annotated[int, at_least(1)] = 31

    @model_validator(mode="before")
    @classmethod
    def _switch_alone(cls, value: object) -> object:
        return value if isinstance(value, Mapping) else {"on": value}

    @model_validator(mode="after")
    def _queue_and_way(self) -> Self:
        if self.arrivals == "sqs" and self.sqs_queue is None:
            raise ValueError("arrivals: sqs without sqs_queue; write the queue's URL there")
        if self.arrivals != "sqs" and self.sqs_queue is not None:
            raise ValueError("sqs_queue is of no use with arrivals: list; write arrivals: sqs, or remove sqs_queue")
        return self

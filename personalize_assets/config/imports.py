"""Section ``import``: whether and how exports are imported into Amazon Personalize.

What belongs here: what its keys may be. What does not: whether the destination suits it (``validation``), what an
import does (``pipeline.importing``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from personalize_assets.config.errors import format_value
from personalize_assets.config.fields import Form, Switch, at_least, one_of
from personalize_assets.conversion.dataset_types import DATASETS

MODES = ("auto", "full", "incremental")

# API personalize, `roleArn` and `kmsKeyArn`: patterns; an ARN has at most 256 characters, a key's at most 2,048.
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/\S+", re.ASCII)
_ARN_CHARS = 256
_KEY_CHARS = 2048
# API TagResource: `tagKey`, `tagValue`; at most 50 tags (page tagging-resources), of which one is ours.
_TAG_KEY = re.compile(r"(?!aws:)[\w\s_.:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s_.:/=+\-@]{0,256}")
_MAX_TAGS = 49


def _arn(pattern: re.Pattern[str], most: int, what: str, example: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and pattern.fullmatch(value) and len(value) <= most:
            return value
        raise ValueError(f"{format_value(value)} is not {what}; write it in full, as {example}")

    return BeforeValidator(check)


def _names(value: object) -> object:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise ValueError(f"found {format_value(value)}; write names of datasets, as [interactions, items]")
    for name in names:
        if name not in DATASETS:
            raise ValueError(f"{format_value(name)} is not a dataset; use {', '.join(DATASETS)}")
    return tuple(dict.fromkeys(names))


def _tags(value: object) -> object:
    if not isinstance(value, Mapping):
        raise ValueError(f"found {format_value(value)}; write a mapping, as {{team: search}}")
    for key, text in value.items():
        if not isinstance(key, str) or not _TAG_KEY.fullmatch(key):
            raise ValueError(f"{format_value(key)} is not the key of a tag; write 1 to 128 letters, digits, _.:/=+-@")
        if not isinstance(text, str) or not _TAG_VALUE.fullmatch(text):
            raise ValueError(f"{key}: {format_value(text)} is not a tag's text; write letters, digits, _.:/=+-@")
    if len(value) > _MAX_TAGS:
        raise ValueError(f"found {len(value)} tags; write at most {_MAX_TAGS}")
    return dict(value)


RoleArn = Annotated[
    str,
    Form("the ARN of a role"),
    _arn(_ROLE, _ARN_CHARS, "a role's ARN", "arn:aws:iam::123456789012:role/personalize"),
]


class Import(BaseModel):
    """Whether the exports are imported, and how.

    ``import: on`` is ``{on: on}``, and a mapping is on unless it says off.

    Attributes:
        on: Whether the assets exist and ``run`` imports; the command ``import`` works without it.
        role: The role with which Personalize reads the exports; by default that of the deployed stack.
        mode: ``full`` replaces what Personalize holds by the export, each time. ``incremental`` adds what the export
            has more than the last imported one, and fails where that cannot be. ``auto`` adds where it can, and
            replaces otherwise.
        datasets: The datasets that are imported; by default all of the config.
        timeout_minutes: How long an import is waited for. It goes on in AWS after that.
        kms_key: The key that encrypts a dataset group that is made; by default AWS's own.
        kms_role: The role with which Personalize uses that key.
        compare: Whether the rows that Personalize holds are exported from there after an import, and counted.
        tags: The tags of all that is made, besides ``created-by``, as ``{team: search}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: Switch = True
    role: RoleArn | None = None
    mode: Annotated[str, one_of(MODES, "a mode")] = "auto"
    datasets: Annotated[tuple[str, ...], Form("a list of datasets"), BeforeValidator(_names)] = ()
    timeout_minutes: Annotated[int, at_least(1)] = 360
    kms_key: (
        Annotated[str, _arn(_KEY, _KEY_CHARS, "a key's ARN", "arn:aws:kms:eu-central-1:123456789012:key/…")] | None
    ) = None
    kms_role: RoleArn | None = None
    compare: Switch = False
    tags: Annotated[dict[str, str], BeforeValidator(_tags)] = {}

    @model_validator(mode="before")
    @classmethod
    def _switch_alone(cls, value: object) -> object:
        return value if isinstance(value, Mapping) else {"on": value}

    @model_validator(mode="after")
    def _key_with_role(self) -> Self:
        # API CreateDatasetGroup: each of the two is valid only with the other.
        if (self.kms_key is None) != (self.kms_role is None):
            has, lacks = ("kms_key", "kms_role") if self.kms_key else ("kms_role", "kms_key")
            raise ValueError(f"{has} without {lacks}; write both, because Personalize takes them together only")
        return self

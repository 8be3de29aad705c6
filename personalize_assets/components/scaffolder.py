"""``dg scaffold defs personalize_assets.components.PersonalizeDatasetGroup``: ``defs.yaml`` and a commented config."""

from __future__ import annotations

import os
from pathlib import Path

import click
import dagster as dg
from pydantic import BaseModel, Field

from personalize_assets.config.embedded import as_scalar, with_values
from personalize_assets.config.errors import ConfigError
from personalize_assets.config.loading import parse_config
from personalize_assets.errors import PersonalizeAssetsError

_CONFIG = "personalize.yaml"
_SCHEME = "s3://"


class ScaffoldParams(BaseModel):
    """Options of the command. Local paths are relative to the working folder."""

    source: str | None = Field(None, description="where raw files are: a folder, or s3://bucket/prefix")
    destination: str | None = Field(None, description="where everything is stored: a folder, or s3://bucket/prefix")
    layout: str | None = Field(None, description="how keys carry the arrival day, instead of the layout found")


class DatasetGroupScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes a config from what raw files of the source hold, or a template where they cannot be read."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        """The options of the command."""
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        """Write ``personalize.yaml``, and ``defs.yaml`` or ``component.py`` that names it. Says what was written."""
        folder = request.target_path.parent if request.append else request.target_path
        file = _unused(folder)
        text, summary = _config_text(request.params, folder, request.project_root or Path.cwd())
        file.write_text(text, encoding="utf-8")
        click.echo(f"Wrote {file}. {summary}")
        name = request.target_path.name if not request.append else file.stem
        if request.scaffold_format == "python":
            (folder / "component.py").write_text(_PYTHON.format(file=file.name, name=name), encoding="utf-8")
            return
        attributes = _ATTRIBUTES.format(type=request.type_name, file=file.name, name=as_scalar(name))
        with (request.target_path if request.append else folder / "defs.yaml").open("a", encoding="utf-8") as defs:
            defs.write(f"---\n{attributes}" if request.append else attributes)


def _unused(folder: Path) -> Path:
    """The path of a config that is not there yet."""
    file, number = folder / _CONFIG, 1
    while file.exists():
        number += 1
        file = folder / f"personalize_{number}.yaml"
    return file


def _config_text(params: ScaffoldParams, folder: Path, project: Path) -> tuple[str, str]:
    """The text of a config in a folder, and a sentence on how it was made."""
    source = _uri(params.source, folder) if params.source else None
    destination = _uri(params.destination or str(project / "data" / folder.name), folder)
    if source is None:
        return _template(params, folder, source, destination), (
            "It is a template: give --source to have it written from raw files. Edit it before you run it."
        )
    from personalize_assets.suggest import suggest_config  # slow to import, and needed here only

    try:
        found = suggest_config(_located(source, folder), destination, folder)
    except PersonalizeAssetsError as error:
        return _template(params, folder, source, destination), (
            f"It is a template, as the source gave no config: {error}. Edit it before you run it."
        )
    values: dict[tuple[str, ...], str] = {}
    if not source.startswith(_SCHEME):
        values["source", "uri"] = _relative_uri(found.text, folder)
    summary = "It is written from what raw files of the source hold; read its comments."
    if params.layout:
        values["source", "layout"] = params.layout
        summary = f"{summary} The layout is the given one; the comment beside it says which one the files follow."
    text = with_values(found.text, values)
    try:
        parse_config(text, _CONFIG, folder, env={})
    except ConfigError as error:
        summary = f"{summary} It has to be corrected before it loads: {error}."
    return text, " ".join([summary, *(f"Note: {note}" for note in found.notes)])


def _uri(written: str, folder: Path) -> str:
    """A URI as the config writes it: a local one relative to its folder, so that the project can be moved."""
    if written.startswith(_SCHEME):
        return written
    return Path(os.path.relpath(Path(written).expanduser().absolute(), folder.absolute())).as_posix()


def _located(uri: str, folder: Path) -> str:
    """A URI as everything but the config takes it."""
    return uri if uri.startswith(_SCHEME) else os.path.normpath(folder.absolute() / uri)


def _relative_uri(text: str, folder: Path) -> str:
    """The source's URI of a suggested config, which may be above or below what was asked for, as a relative one."""
    found = parse_config(text, _CONFIG, folder, env={}).source.uri
    return _uri(found if isinstance(found, str) else found[0], folder)


def _template(params: ScaffoldParams, folder: Path, source: str | None, destination: str) -> str:
    values: dict[tuple[str, ...], str] = {("destination", "uri"): destination, ("dataset_group", "name"): _name(folder)}
    if source:
        values["source", "uri"] = source
    if params.layout:
        values["source", "layout"] = params.layout
    return with_values(_TEMPLATE, values)


def _name(folder: Path) -> str:
    """The name of a dataset group, from that of a folder."""
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter == "_") else "-" for letter in folder.name
    ).strip("-_")[:63]


_ATTRIBUTES = """\
type: {type}

attributes:
  config: {file}
  key_prefix: {name}
"""

_PYTHON = """\
import dagster as dg

from personalize_assets.components import PersonalizeDatasetGroup


@dg.component_instance
def load(context: dg.ComponentLoadContext) -> PersonalizeDatasetGroup:
    return PersonalizeDatasetGroup(config="{file}", key_prefix="{name}")
"""

_TEMPLATE = """\
# The config of one dataset group: a template. Replace what it says by what your events have, or have a config written
# from raw files: personalize-assets suggest SOURCE --output THIS_FILE. Relative URIs start at the folder of this file.

source:
  uri: s3://BUCKET/PREFIX       # folder, or s3://bucket/prefix
  layout: segment               # how keys carry the day: segment | rudderstack | firehose | hive | flat, or a pattern
  start_date: 2026-10-01        # first arrival day (UTC)

destination:
  uri: data                     # folder, or s3://bucket/prefix

engine: arrow                   # arrow runs in this process; docs/how-to/embedding.md lists others

dataset_group:
  name: shop
  domain: custom                # custom | ECOMMERCE | VIDEO_ON_DEMAND

datasets:
  interactions:
    where: {event: [Product Viewed, Order Completed]}  # which events; without `where` all of them
    columns:                    # column: path into the event, or several: the first that is not null counts
      USER_ID: userId
      ITEM_ID: [properties.sku, properties.product_id]
      EVENT_TYPE: event
      TIMESTAMP: timestamp

#  users:                       # optional: what is known of users, the latest value a user
#    where: {type: identify}
#    columns:
#      USER_ID: userId
#      AGE_GROUP: {path: traits.age_group, categorical: true}

#  items:                       # optional: what is known of items
#    columns:
#      ITEM_ID: properties.sku
#      CATEGORY_L1: {path: properties.category, categorical: true}
"""

"""Shapes in which sources store events, by the name of their recipe (``sample_data/recipes``).

Each is a small function from a `Happening` to the rows of a source, an encoding, and the names of its files. The shop's
own events are in Segment's shape, RudderStack's is similar, and a stream of Firehose holds what its producers send.
"""

from collections.abc import Mapping

from personalize_assets.generate.shapes import amazon, analytics, pipelines, tables
from personalize_assets.generate.shapes.shape import Shape

__all__ = ["SHAPES"]

SHAPES: Mapping[str, Shape] = dict(
    sorted(
        {
            **{name: Shape(name) for name in ("segment", "rudderstack", "firehose")},
            **analytics.SHAPES,
            **pipelines.SHAPES,
            **amazon.SHAPES,
            **tables.SHAPES,
        }.items()
    )
)

"""A config that runs, suggested from the heads of raw files: the idea of the crawler and the generated job, grown up.

``suggest`` finds the layout (`place`), looks at a sample of events (`observed`), tells which fields mean what
(`fields`, by `names`), which events count (`wanted`), what is said of users and items (`entities`), and writes it down
with the reasons (`recipe`, `written`, `text`). Nothing is written by it, and no Spark is needed.
"""

from personalize_assets.suggest.suggest import suggest

__all__ = ["suggest"]

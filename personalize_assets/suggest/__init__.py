"""``personalize-assets suggest``: a commented config that runs, made from the beginnings of raw files.

``suggest`` finds the layout (``layout_detection``), reads a sample of events and the roles of their fields
(``catalog.observed_fields``, ``catalog.item_ids``, ``catalog.field_roles``), chooses the events (``event_choice``) and
the columns of users and items (``user_columns``, ``item_columns``), finds events without an item (``missing_items``),
and writes it all down with the reasons (``yaml_writer``). No Spark is needed, and nothing is written to the source.
"""

from personalize_assets.suggest.suggest import SuggestedConfig, suggest, suggest_config

__all__ = ["SuggestedConfig", "suggest", "suggest_config"]

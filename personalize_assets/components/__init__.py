"""Components for projects of ``dg``; a ``defs.yaml`` names one as ``personalize_assets.components.…``."""

from personalize_assets.components.group_component import PersonalizeDatasetGroup

__all__ = ["PersonalizeDatasetGroup"]

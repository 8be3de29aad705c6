"""``personalize.yaml`` as typed, validated models.

What does not belong here: anything that reads a source or calls AWS.
"""

from personalize_assets.config.errors import ConfigError
from personalize_assets.config.loading import load_config
from personalize_assets.config.models import Config, Source

__all__ = ["Config", "ConfigError", "Source", "load_config"]

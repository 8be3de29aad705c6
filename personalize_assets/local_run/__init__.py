"""``personalize-assets run``: the whole pipeline in this process, without the UI."""

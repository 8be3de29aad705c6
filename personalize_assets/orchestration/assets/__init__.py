"""The assets, one file a stage: thin shells around ``pipeline``. What an event or a row is is not decided here."""

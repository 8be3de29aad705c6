"""The assets, one file a stage: factories that take a ``GroupDefs``. An asset calls a stage and yields its metadata."""

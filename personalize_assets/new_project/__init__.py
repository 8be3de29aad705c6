"""``personalize-assets init``: the files of a new project, and the samples that it may begin with."""

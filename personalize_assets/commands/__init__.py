"""Commands of ``personalize-assets``, a module each, and the options and the exit codes that all have in common."""

"""Events -> rows: one event at a time (exact path) or many at once (fast path), with the same result."""

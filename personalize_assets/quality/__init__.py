"""Asset checks: what must hold of what was made. ``books`` closes the accounts; the others are tables of rules.

``refused`` holds what Personalize refuses, ``advised`` what its guides or experience advise against, ``daily`` looks at
single days, ``file`` reads the CSV that lies there. ``docs/checks.md`` is made from these tables.
"""

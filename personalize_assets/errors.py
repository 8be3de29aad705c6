"""The error that is for the user: its text says what was found, where, what was wanted and what to do."""


class PersonalizeAssetsError(Exception):
    """Shown as one paragraph, without a traceback; trying again without a change does not help."""


class PassingError(PersonalizeAssetsError):
    """One that may be gone in a moment: a service that is busy, a connection that broke."""

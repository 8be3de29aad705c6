"""Errors whose text is for the user: what was found, where, what was wanted and what to do."""


class PersonalizeAssetsError(Exception):
    """Permanent: shown as one paragraph without a traceback. Trying again without a change does not help."""


class TransientError(PersonalizeAssetsError):
    """Trying again may help: a service is busy, or a connection broke."""

"""Why there is no release, in a sentence a person can act on."""


class NotReleased(Exception):
    """A release was not built, or is not to be trusted; nothing half-made is left."""

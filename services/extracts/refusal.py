"""Why there is no release, in a sentence a person can act on."""


class NotReleased(Exception):
    """A release was not built, or is not to be trusted; nothing half-made is left."""


class StoppedAtTheGate(NotReleased):
    """The newest run's scorecards do not pass the gate, or there is no run; the message says what was expected."""

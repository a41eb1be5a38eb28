"""The errors that a person can do something about; each message says what."""


class NoTarget(Exception):
    """The target cannot be hit; the message says what to do."""


class Unreachable(NoTarget):
    """No space runs, or one of its processes does not answer."""


class Wrong(NoTarget):
    """A name or value on the command line that is not valid."""

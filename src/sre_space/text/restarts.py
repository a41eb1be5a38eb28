"""A restart in words, for the issue. Used by Fixer."""

from sre_space.ports.runtime import Unit


def restarted(service: str, unit: Unit) -> str:
    """Return that a service was restarted, with the command by which a person would do it where there is one.

    >>> restarted("checkout", Unit("checkout", "running", "1", 1, 0, None, restart_command="docker restart shop-1"))
    'checkout restarted (`docker restart shop-1`)'
    """
    return f"{service} restarted" + (f" (`{unit.restart_command}`)" if unit.restart_command else "")

"""How large what outsiders write may be. What is longer is cut and shows it; nothing here grows with its sender."""

MAX_NAME = 256  # characters of a service, an operation, a key
MAX_TEXT = 16 * 1024  # characters of an attribute's value or a log's body
MAX_SERVICES = 100  # besides those of the configuration; the rest share one
MAX_OPERATIONS = 500  # of a service; a name that holds an id must not eat the memory
CUT = "…"

TOO_LARGE = "too large for the next hop"
TOO_MANY = "too many at once"
NO_NUMBER = "a value that is no number"


def cut(text: str, most: int = MAX_NAME) -> str:
    """Return the text, or as much of it as `most` characters hold, ending in a mark.

    >>> cut("GET /quotes", 6)
    'GET /…'
    """
    return text if len(text) <= most else text[: most - len(CUT)] + CUT

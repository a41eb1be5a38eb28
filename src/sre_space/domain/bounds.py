"""The size limits of data from outsiders. Longer text is cut with a mark, so that no sender can fill the memory."""

MAX_NAME = 256  # characters of a service, an operation, a key
MAX_TEXT = 16 * 1024  # characters of an attribute's value or a log's body
MAX_SERVICES = 100  # besides those of the configuration; all further ones are counted as one
MAX_OPERATIONS = 500  # per service; operation names that contain an id must not fill the memory
CUT = "…"

TOO_LARGE = "too large for the next hop"
TOO_MANY = "too many at once"
NO_NUMBER = "a value that is no number"


def cut(text: str, most: int = MAX_NAME) -> str:
    """Return the text, or its beginning with a mark where it is longer than `most` characters.

    >>> cut("GET /quotes", 6)
    'GET /…'
    """
    return text if len(text) <= most else text[: most - len(CUT)] + CUT

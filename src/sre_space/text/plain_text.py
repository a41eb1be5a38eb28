"""Text of strangers as text: nothing in it that a terminal obeys."""


def plain(text: str) -> str:
    """One line without anything that a terminal obeys: what strangers wrote is shown as text."""
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """The text in its lines, without anything else that a terminal obeys or cannot show."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)

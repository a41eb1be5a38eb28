"""Untrusted text made safe for a terminal: without control characters or escape sequences."""


def plain(text: str) -> str:
    """Return the text as one line, with each character that a terminal may interpret replaced."""
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """Return the text with its line breaks and tabs, with each other unprintable character replaced."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)

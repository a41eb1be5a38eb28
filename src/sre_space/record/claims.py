"""Recognises unsigned text that looks like a command or a fact, to count such attempts, never to act on them.

An agent acts on signed facts alone, so nothing here decides about an action. Look-alike letters (Unicode Technical
Standard 39, section 4) and invisible ones are folded first, since they are used to disguise a command. All functions
take time linear in the text, since strangers choose it.
"""

import re
import unicodedata

A_COMMAND = "a command in words: only what is signed counts, or an order of somebody who may write here"
A_BROKEN_FOOTER = "a footer that does not parse"

_LOOK_ALIKES = str.maketrans(
    "аеорсухіѕјһԁԛѡмтвкнАВЕІЅЈКМНОРСТУХԌαορνιτκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ‐‑‒–—−∕⁄ː：＝",
    "aeopcyxisjhdqwmtbkhABEISJKMHOPCTYXGaopvitkABEZHIKMNOPTYX------//::=",
)
_COMMAND = re.compile(r"mitigation\s*:\s*(?:restart|pr|revert|set|scale)|/\s*sre\s+\w", re.I)
_FOOTER = re.compile(r"sre-fact\s*=|^[^\w\n]*signature\s*=", re.I | re.M)
_HINTS = ("sre", "gat", "nature")  # each claim contains one; no letter "i", whose case depends on the language
MAX_CACHED = 50_000  # texts
_CACHE: dict[int, str] = {}
_INVISIBLE = ("Cf", "Mn", "Me")


def claim(text: str) -> str:
    """Return why a text without a readable footer does not count, or "" when it looks like no command or fact.

    The answers are cached, so that each reader reads a text that is posted thousands of times only once.
    """
    key = hash(text)
    if key not in _CACHE:
        if len(_CACHE) >= MAX_CACHED:
            _CACHE.clear()
        _CACHE[key] = _claim(text)
    return _CACHE[key]


def _claim(text: str) -> str:
    plain = folded(text)
    if not any(hint in plain.lower() for hint in _HINTS):
        return ""
    if _FOOTER.search(plain):
        return A_BROKEN_FOOTER
    return A_COMMAND if _COMMAND.search(plain) else ""


def folded(text: str) -> str:
    """Return the text as a person reads it: compatibility forms (NFKC), nothing invisible, look-alikes as ASCII.

    Marks are removed first: NFKC takes quadratic time to sort a long run of them.
    """
    if text.isascii():
        return text
    return _visible(unicodedata.normalize("NFKC", _visible(text))).translate(_LOOK_ALIKES)


def _visible(text: str) -> str:
    """Return the text without combining marks and invisible characters."""
    invisible = {
        ord(character): None
        for character in set(text)
        if unicodedata.combining(character) or unicodedata.category(character) in _INVISIBLE
    }
    return text.translate(invisible) if invisible else text

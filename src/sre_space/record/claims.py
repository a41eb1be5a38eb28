"""Finds text that wants to be obeyed: for counting what strangers try, never for obeying it.

An agent acts on signed facts alone, so nothing here decides about an action. Look-alike letters (Unicode
Technical Standard 39, section 4) and invisible ones are folded first: who writes them means to be misread.
Everything here takes time in proportion to the text, whatever it is: strangers choose it.
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
_HINTS = ("sre", "gat", "nature")  # each claim holds one of them; no "i", which has other capitals elsewhere
MAX_KNOWN = 50_000  # texts
_KNOWN: dict[int, str] = {}
_UNSEEN = ("Cf", "Mn", "Me")


def claim(text: str) -> str:
    """Why a text without a readable footer does not count; "" when it claims nothing.

    The answer is remembered: who posts thousands of texts costs each reader the time of reading them once.
    """
    key = hash(text)
    if key not in _KNOWN:
        if len(_KNOWN) >= MAX_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = _claim(text)
    return _KNOWN[key]


def _claim(text: str) -> str:
    plain = folded(text)
    if not any(hint in plain.lower() for hint in _HINTS):
        return ""
    if _FOOTER.search(plain):
        return A_BROKEN_FOOTER
    return A_COMMAND if _COMMAND.search(plain) else ""


def folded(text: str) -> str:
    """The text as a person reads it: compatibility forms (NFKC), nothing invisible, look-alikes as ASCII.

    Marks go first: to put a flood of them into order takes NFKC the square of its length.
    """
    if text.isascii():
        return text
    return _seen(unicodedata.normalize("NFKC", _seen(text))).translate(_LOOK_ALIKES)


def _seen(text: str) -> str:
    """The text without marks and invisible characters."""
    unseen = {ord(one): None for one in set(text) if unicodedata.combining(one) or unicodedata.category(one) in _UNSEEN}
    return text.translate(unseen) if unseen else text

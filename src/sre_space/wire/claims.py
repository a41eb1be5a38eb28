"""Finds text that wants to be obeyed: for counting what strangers try, never for obeying it.

An agent acts on signed facts alone, so nothing here decides about an action. Look-alike letters (Unicode
Technical Standard 39, section 4) and invisible ones are folded first: who writes them means to be misread.
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
_FOOTER = re.compile(r"sre-fact\s*=|^\W*signature\s*=", re.I | re.M)


def claim(text: str) -> str:
    """Why a text without a readable footer does not count; "" when it claims nothing."""
    plain = folded(text)
    if _FOOTER.search(plain):
        return A_BROKEN_FOOTER
    return A_COMMAND if _COMMAND.search(plain) else ""


def folded(text: str) -> str:
    """The text as a person reads it: compatibility forms (NFKC), nothing invisible, look-alikes as ASCII."""
    shown = (one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) not in ("Cf", "Mn"))
    return "".join(shown).translate(_LOOK_ALIKES)

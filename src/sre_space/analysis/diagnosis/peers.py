"""Which service a peer is: clients name it as a host, with a port, a domain or a package, or as the service itself."""

import re
from collections.abc import Iterable

MIN_LETTERS = 5  # of a word that only begins a service's name
_SUFFIX = re.compile(r"(service|svc|server|api|app|backend)$")
_PORT = re.compile(r":\d+$")
_ADDRESS = re.compile(r"\d+(\.\d+){3}")
_HOST = re.compile(r"(?<![\w.-])[A-Za-z][\w.-]*:\d{2,5}\b|//[\w.-]+|\"[\w-]+(?:\.[\w-]+)+\"")
_ASKED = re.compile(
    r"\b(?:could not|couldn't|cannot|can't|failed to|unable to|(?:error|failure|while) (?=\w+ing\b))"
    r"(?P<what>(?:\s*[A-Za-z]+\b){2,6})",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^[a-z][\w+.-]*://")


class Peers:
    """The services of a case by the names that their callers may have for them."""

    def __init__(self, services: Iterable[str]) -> None:
        names = sorted({service for service in services if service})
        self._exact = set(names)
        self._stems = {name: _stem(name) for name in names}
        self._bare: dict[str, str] = {}
        for name in names:
            self._bare.setdefault(_bare(name), name)

    def service_of(self, peer: str) -> str:
        """Return the service that a peer's name means, "" when it is none of those.

        >>> peers = Peers(["cart-service", "paymentservice"])
        >>> [peers.service_of(name) for name in ("cart-service.shop.svc:80", "demo.PaymentService", "api.bank.example")]
        ['cart-service', 'paymentservice', '']
        """
        if peer in self._exact:
            return peer
        host = _PORT.sub("", _SCHEME.sub("", peer).split("/")[0])
        if not host or _ADDRESS.fullmatch(host):
            return ""
        first, *others = host.split(".")
        found = self._bare.get(_bare(first), "") or (self._bare.get(_bare(others[-1]), "") if others else "")
        return found or self._bare.get(_bare(host), "")

    def meant(self, name: str) -> str:
        """Return the service that people mean by a name: any of its names, or the only one of the same stem; else "".

        >>> Peers(["cart", "orders-api", "web"]).meant("cart-service"), Peers(["orders-api"]).meant("orders")
        ('cart', 'orders-api')
        """
        stem = _stem(name) if name else ""
        alike = [service for service, other in self._stems.items() if other == stem]
        return self.service_of(name) or (alike[0] if len(alike) == 1 else "")

    def asked(self, text: str) -> str:
        """Return the service that failed to give what a text says was asked for, "" when it names none.

        >>> Peers(["adservice", "cartservice", "web"]).asked("failed to get ads: rpc error: connection refused")
        'adservice'
        """
        hosts = (self.service_of(host.strip('/"')) for host in _HOST.findall(text))
        named = next((host for host in hosts if host), "")
        words = (
            word for match in _ASKED.finditer(text) for word in match["what"].lower().split()[1:]
        )  # after the verb
        return named or next((service for word in words if (service := self._stem_of(word))), "")

    def _stem_of(self, word: str) -> str:
        """Return the only service whose name, without what names share, is this word or begins with it."""
        forms = {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}
        exact = [service for service, stem in self._stems.items() if stem in forms]
        if len(exact) == 1:
            return exact[0]
        longer = [
            service
            for service, stem in self._stems.items()
            if any(len(form) >= MIN_LETTERS and stem.startswith(form) for form in forms)
        ]
        return longer[0] if len(longer) == 1 and not exact else ""


def _bare(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _stem(name: str) -> str:
    """Return what is left of a service's name without the words for a service.

    >>> [_stem(name) for name in ("paymentservice", "cart-svc", "ts-order-service", "web")]
    ['payment', 'cart', 'tsorder', 'web']
    """
    bare = _bare(name)
    short = _SUFFIX.sub("", bare)
    return short or bare

"""The port to signatures of facts."""

from typing import Protocol


class Signer(Protocol):
    """A holder of one agent's private key."""

    @property
    def key_id(self) -> str:
        """Return the key's id in the trust store; lower-case hex."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature (RFC 8032) of a message, 64 bytes."""
        ...


class TrustStore(Protocol):
    """The public keys of agents and operators; local, never in Git."""

    def owner(self, key_id: str, message: bytes, signature: bytes, at: int) -> str | None:
        """Return the owner of the key that verifies the signature of a message signed `at` (Unix ns).

        Return None for an unknown key, a wrong signature, and a key that was retired before `at`.
        """
        ...

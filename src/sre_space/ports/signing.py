"""Signatures under facts."""

from typing import Protocol


class Signer(Protocol):
    """Holds one agent's private key."""

    @property
    def key_id(self) -> str:
        """Names the key in the trust store; lower-case hex."""
        ...

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature (RFC 8032), 64 bytes."""
        ...


class TrustStore(Protocol):
    """Public keys of the agents and operators, local, never in Git."""

    def owner(self, key_id: str, message: bytes, signature: bytes, at: int) -> str | None:
        """The agent whose key verifies the signature of a message that says it was signed `at` (Unix ns).

        None for an unknown key, a wrong signature, and a key that was retired before `at`.
        """
        ...

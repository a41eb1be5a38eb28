"""The interfaces that agents need; each docstring states what an adapter MUST do (words as in RFC 2119)."""

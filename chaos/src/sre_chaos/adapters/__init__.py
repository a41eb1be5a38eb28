"""The adapters of the ports: one module a technology; `embedded.py` and `compose.py` choose among them."""

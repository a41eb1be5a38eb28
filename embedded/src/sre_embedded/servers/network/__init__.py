"""The network between the services of the embedded space: links that forward bytes, with a configurable delay."""

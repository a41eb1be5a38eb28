"""The evaluation on Docker Compose, in the stack that runs around its container."""

"""The commands that start and end a space, run by `sre-space up`, `down` and `demo`."""

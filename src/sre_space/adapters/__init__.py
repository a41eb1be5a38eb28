"""One module per technology, each fulfilling one port."""

"""The diagnosis engine: columns in, a ranked and cited diagnosis out; `engine.diagnose` is the door."""

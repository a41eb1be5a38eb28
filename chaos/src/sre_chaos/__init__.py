"""Chaos experiments: real faults, injected from outside; imports neither the agents nor the application."""

"""The tests' second application, which has nothing in common with the demo: guests order at a counter, from a stock."""

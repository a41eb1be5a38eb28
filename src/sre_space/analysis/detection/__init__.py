"""The tests behind Scout's alarms: whether something is wrong, with which service, and since when."""

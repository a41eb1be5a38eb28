"""The history of the charts: per second for an hour, per minute for 14 days; what was not received is a gap."""

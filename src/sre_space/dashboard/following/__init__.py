"""Follows the sources: Scout's reports, the record, holds, units; each keeps the last that it heard and when."""

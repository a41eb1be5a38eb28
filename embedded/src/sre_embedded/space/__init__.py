"""The embedded space: all processes of SRE-Space and its application on one machine, started and ended together."""

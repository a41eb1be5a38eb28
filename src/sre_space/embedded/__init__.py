"""The small servers of the embedded space (bus, telemetry, forge, network, warden), its launcher and supervisord."""

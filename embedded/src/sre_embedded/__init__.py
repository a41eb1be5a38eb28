"""The embedded space: small servers, a launcher and supervisord on one machine, and what starts and ends them."""

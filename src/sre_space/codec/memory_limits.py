"""The services' memory limits, as `deploy/config/space.env` states them."""

SUFFIX = "_MEMORY_BYTES="
DIGITS = 18  # up to an exabyte; Python refuses to convert endless numbers


def memory_limits(text: str) -> dict[str, int]:
    """Return the limit of each service in bytes: `POLICY_SERVICE_MEMORY_BYTES=400000000` limits `policy-service`."""
    settings = (line.strip().partition(SUFFIX) for line in text.splitlines() if SUFFIX in line and line[0] != "#")
    return {name.lower().replace("_", "-"): int(value) for name, _, value in settings if _is_limit(value)}


def _is_limit(value: str) -> bool:
    return value.isdecimal() and len(value) <= DIGITS

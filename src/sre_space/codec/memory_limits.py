"""The services' memory limits, as `deploy/config/space.env` states them."""

SUFFIX = "_MEMORY_BYTES="
DIGITS = 18  # an exabyte; Python refuses to read numbers without end


def memory_limits(text: str) -> dict[str, int]:
    """`POLICY_SERVICE_MEMORY_BYTES=400000000` limits `policy-service`; other lines are left alone."""
    found = (line.strip().partition(SUFFIX) for line in text.splitlines() if SUFFIX in line and line[0] != "#")
    return {name.lower().replace("_", "-"): int(value) for name, _, value in found if _is_limit(value)}


def _is_limit(value: str) -> bool:
    return value.isdecimal() and len(value) <= DIGITS

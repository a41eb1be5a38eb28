"""People who give orders with a key of their own, as owners of keys in the trust store."""

OPERATOR = "operator"
PERSON = f"{OPERATOR}:"
PERSON_VERBS = ("approve", "reject", "hold", "release", "halt", "resume")  # all that a person's own key may order


def owner_of(name: str) -> str:
    """Return the owner of a person's key, as in `operator:ada`."""
    return f"{PERSON}{name}"


def may_order(owner: str | None, verb: str) -> bool:
    """Return True when the owner of a key may give this order: the operator any, a person those of the dashboard."""
    return owner == OPERATOR or (owner is not None and owner.startswith(PERSON) and verb in PERSON_VERBS)

"""The confidence interval of success rates that verifications and post-mortems report."""

from math import sqrt

Z95 = 1.959963984540054


def wilson(good: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval (Wilson 1927) of the share `good / total`; (0, 1) when nothing was counted.

    >>> wilson(30, 30)[1]
    1.0
    """
    if total == 0:
        return 0.0, 1.0
    share, spread = good / total, z * z / total
    centre = (share + spread / 2) / (1 + spread)
    margin = z / (1 + spread) * sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, centre - margin), 1.0 if good == total else min(1.0, centre + margin)


def usual_range(share: float, total: int, z: float = Z95) -> tuple[float, float]:
    """Return between which shares 95 of 100 samples of `total` lie while the true one is `share`; (0, 1) of none.

    >>> tuple(round(bound, 3) for bound in usual_range(0.6, 400))
    (0.552, 0.648)
    """
    if total == 0:
        return 0.0, 1.0
    margin = z * sqrt(share * (1 - share) / total)
    return max(0.0, share - margin), min(1.0, share + margin)

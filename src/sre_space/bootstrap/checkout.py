"""Where the configuration is when nobody names it."""

from pathlib import Path

from sre_space.domain.errors import Malformed


def checkout_config() -> Path:
    """Return the configuration in the current folder, else of the checkout that this package was installed from.

    Raise `Malformed` when there is neither.
    """
    here = Path("sre-space.yaml").resolve()
    own = Path(__file__).resolve().parents[3] / "sre-space.yaml"
    for path in (here, own):
        if path.is_file():
            return path
    raise Malformed(f"there is no configuration at {here}; change to the checkout, or set SRE_SPACE_CHART")

"""Configurations written as text."""

from collections.abc import Mapping

from sre_space.adapters import config_file
from sre_space.domain.space_config import SpaceConfig


def parse_config(text: str, environment: Mapping[str, str], name: str = "configuration") -> SpaceConfig:
    """Return the configuration in a text; raise `Malformed` for a mistake."""
    return config_file.parse_config(text.encode(), environment, name)

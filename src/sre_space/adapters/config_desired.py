"""Where desired state lies, as `sre-space.yaml` says it: of a service, and of single values.

What a configuration of 0.1.0 leaves out has the places that it had there.
"""

from pydantic import Field, model_validator

from sre_space.adapters.config_words import DesiredFile, Strict, ValuePath
from sre_space.codec.changes import path_of
from sre_space.codec.yaml_values import joined
from sre_space.domain.configuration import FOLDER, SPACE_FILE, Format, Place

_YAML = (".yaml", ".yml")


class DesiredEntry(Strict):
    """`desired` of a service: the file with its own part of desired state, and where its variables are in it."""

    file: DesiredFile = Field(min_length=1, examples=["charts/shop.yaml"])
    format: Format | None = None
    key: ValuePath = ""

    @model_validator(mode="after")
    def _fits(self) -> "DesiredEntry":
        if self.place().format is Format.ENV and self.key:
            raise ValueError("a file in the format env has no parts; leave `key` out, or say `format: yaml`")
        return self

    def place(self) -> Place:
        """Return this entry as a value of the domain."""
        return Place(path_of(self.file), self.key, self.format or format_of(self.file))


class PlaceEntry(Strict):
    """Where desired state has one value: a file, by default the service's own, and its key there."""

    file: DesiredFile = ""
    key: ValuePath = Field(min_length=1, examples=["POOL_SIZE"])
    format: Format | None = None

    def place(self, own: Place) -> Place:
        """Return this entry as a value of the domain."""
        return place_of(self.file, self.key, self.format, own, "")


def place_of(file: str, key: str, format: Format | None, own: Place, name: str) -> Place:
    """Return the place of a value; what is left out is that of the service's `own` part, and `name` the key there."""
    path = path_of(file) if file else own.file
    kind = format or (own.format if path == own.file else format_of(file))
    inside = joined(own.key, name) if path == own.file and kind is Format.YAML else name
    return Place(path, key or inside, kind)


def format_of(file: str) -> Format:
    """Return the format that a file has by its name."""
    return Format.YAML if file.endswith(_YAML) else Format.ENV


def undeclared(service: str) -> Place:
    """Return where a service that does not say it has its own part: in a file by its name."""
    return Place(f"{FOLDER}/{service}.env", "")


def limit_before(service: str) -> Place:
    """Return where a configuration of 0.1.0, which cannot say it, has a service's memory limit."""
    return Place(SPACE_FILE, f"{_variable(service)}_MEMORY_BYTES")


def replicas_before(service: str) -> Place:
    """Return where a configuration of 0.1.0, which cannot say it, has the number of a service's replicas."""
    return Place(SPACE_FILE, f"{_variable(service)}_REPLICAS")


def _variable(service: str) -> str:
    return service.upper().replace("-", "_")

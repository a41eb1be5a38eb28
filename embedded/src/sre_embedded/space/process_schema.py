"""What `processes.yaml` may contain: its keys, their types and bounds; `process_file` makes processes of it.

Each class is one mapping of the file. The first of `examples` is what the sentence about a missing key says to write.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from sre_space.adapters.config_schema import Check
from sre_space.adapters.config_words import Strict, Text, UnitName, Url, Whole, spelt

LINK, MAX_PORT = "_LINK_PORT", 65535
OF_THE_SPACE = "SRE_SPACE_"  # variables that the space sets itself, and the launcher reads


def _one_line(text: str) -> str:
    if len(f"{text}.".splitlines()) > 1 or "\0" in text:
        raise ValueError("this holds a line break; write it in one line")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[UnitName, Field(min_length=1)]
PortNumber = Annotated[Whole, Field(ge=1, le=MAX_PORT)]
PortName = Annotated[
    str, spelt(r"[A-Z][A-Z0-9_]*_PORT", "the name of a port: capital letters, digits and _, such as SHOP_PORT")
]
LinkName = Annotated[str, spelt(r"[A-Z][A-Z0-9_]*_LINK_PORT", "the name of a link's port, such as SHOP_LINK_PORT")]
VariableName = Annotated[str, spelt(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable, such as SHOP_STORE")]


class ProcessEntry(Strict):
    """A process of the application."""

    command: tuple[Annotated[Line, Text], ...] = Field(min_length=1, examples=["[./shop, --verbose]"])
    role: Literal["service", "client"] = "service"
    environment: dict[VariableName, Line] = Field({})
    ports: dict[PortName, PortNumber] = Field({})
    link: dict[LinkName, PortNumber] = Field({}, max_length=1)
    after: tuple[str, ...] = ()
    ready: Check | None = None
    page: Url | None = None

    @field_validator("environment")
    @classmethod
    def _leaves_the_spaces_own(cls, environment: dict[str, str]) -> dict[str, str]:
        own = next((name for name in environment if name.startswith(OF_THE_SPACE)), None)
        if own:
            raise ValueError(f"{own} is a variable of the space, which sets it itself; leave it out")
        return environment


class ProcessesFile(Strict):
    """The whole file."""

    processes: dict[Name, ProcessEntry] = Field(min_length=1, examples=["{shop: {command: [./shop]}}"])

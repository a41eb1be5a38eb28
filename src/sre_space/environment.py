"""Settings as a process reads them: from the environment and from `.env`, each mistake named with its variable."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sre_space.codec.env_lines import EnvLines
from sre_space.domain.errors import Malformed


class EnvironmentSettings(BaseSettings):
    """The base of all settings: frozen, and what is not declared is ignored."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False, allow_inf_nan=False)

    @classmethod
    def read(cls, lines: EnvLines = EnvLines()) -> Self:  # noqa: B008 - it is frozen
        """Return the settings from the environment, then `.env`; raise `Malformed` with the variable and file line."""
        file_values: dict[str, Any] = {
            name: lines.values[name.upper()] for name in cls.model_fields if name.upper() in lines.values
        }
        try:
            return cls(**file_values)
        except ValidationError as error:
            first = error.errors()[0]
            variable = str(first["loc"][0]).upper() if first["loc"] else "settings"
            message = f"{variable}: {_validator_message(first['msg'])}; see docs/settings.md"
            raise Malformed(lines.located(message)) from error

    @classmethod
    def refuse_invalid(cls, values: Mapping[str, str]) -> None:
        """Raise `Malformed`, as `read` does, for the first of `values` (by variable) that this class refuses."""
        for name, value in values.items():
            field = cls.model_fields[name.lower()]
            kind: TypeAdapter[Any] = TypeAdapter(
                Annotated[field.annotation, field],  # type: ignore[arg-type]  # a type built at run time
                config=ConfigDict(allow_inf_nan=False),
            )
            try:
                kind.validate_python(value)
            except ValidationError as error:
                message = _validator_message(error.errors()[0]["msg"])
                raise Malformed(f"{name}: {message}; see docs/settings.md") from error

    def needed(self, name: str) -> str:
        """Return the value of a setting that this process requires; raise `Malformed` when it is not set."""
        value: str = getattr(self, name)
        if not value:
            description = type(self).model_fields[name].description
            raise Malformed(f"{name.upper()} is not set: {description}; see docs/settings.md")
        return value


def _validator_message(message: str) -> str:
    """Return a validator's message without the prefix that pydantic adds."""
    return message.removeprefix("Value error, ")

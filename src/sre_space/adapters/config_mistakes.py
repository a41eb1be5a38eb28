"""Mistakes in a configuration as one sentence: line, key, and what to write instead. Used by `config_file`."""

import typing
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from sre_space.adapters.config_yaml import Document, Place


def first_mistake(error: ValidationError, source: Document, model: type[BaseModel]) -> str:
    """Return the first mistake by line as `LINE: place: mistake and remedy`.

    A missing key comes last, since a misspelt key explains it better.
    """
    errors: list[typing.Any] = list(error.errors(include_url=False))
    first = min(errors, key=lambda item: (item["type"] == "missing", source.line(_place(item))))
    return mistake(source, _place(first), _what(first, source, model))


def mistake(source: Document, place: Place, what: str) -> str:
    """Return a mistake as `LINE: place: what`."""
    return f"{source.line(place)}: {'.'.join(place) or 'the whole'}: {what}"


def no_boolean(value: object) -> object:
    """Return the value unless it is a boolean, then raise `ValueError`; YAML reads `yes`, `no`, `on`, `off` as such."""
    if isinstance(value, bool):
        raise ValueError("a number is expected here, not a boolean")
    return value


def reachable(address: str) -> str:
    """Return an address or URL if its port is absent or valid; raise `ValueError` otherwise."""
    try:
        port = urlsplit(address if "://" in address else f"//{address}").port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{address} has no port from 1 to 65535")
    return address


def _place(error: Mapping[str, typing.Any]) -> Place:
    return tuple(str(part) for part in error["loc"] if part != "[key]")


def _what(error: Mapping[str, typing.Any], source: Document, model: type[BaseModel]) -> str:
    place, word = _place(error), source.words.get(_place(error), "")
    match error["type"]:
        case "extra_forbidden":
            known = ", ".join(_model_at(model, place[:-1]).model_fields)
            return f"unknown key; known keys: {known}"
        case "missing":
            return f"{place[-1]} is missing; add it, as sre-space.yaml of the demo has it"
        case "string_type" if word:
            return f'a string is expected, but YAML reads another type; write it in quotes: "{word}"'
        case "less_than" if place[-1:] == ("slo",):
            return f"{word} is not below 1; it is a share: write {_share(word)}"
        case "value_error":
            return str(error["ctx"]["error"])
    return f"{error['msg']}{f', and this is {word!r}' if word else ''}"


def _share(percent: str) -> str:
    """Return a percentage as a share with its explanation, or an example when the text is not one.

    >>> _share("99.9")
    '0.999 for 99.9 %'
    """
    try:
        share = float(percent) / 100
    except ValueError:
        share = 1.0
    return f"{share:.6g} for {percent} %" if 0 < share < 1 else "a number such as 0.999"


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """Return the model at a place: found through fields, values of mappings and items of lists."""
    for part in place:
        field = model.model_fields.get(part)
        if field is not None:
            model = _models(field.annotation)[-1] if _models(field.annotation) else model
    return model


def _models(annotation: object) -> list[type[BaseModel]]:
    """Return the models in an annotation such as `dict[str, Model]` or `Model | None`."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in typing.get_args(annotation) for model in _models(part)]

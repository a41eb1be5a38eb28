"""A mistake in a chart as one sentence: its line, its place, and what to write instead. Used by `chart_file`."""

import typing
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from sre_space.adapters.config_yaml import Document, Place


def first_mistake(error: ValidationError, told: Document, model: type[BaseModel]) -> str:
    """The first mistake in the order of the lines: `LINE: place: what and remedy`.

    What is missing comes last: a key that is misspelt is a better explanation.
    """
    errors: list[typing.Any] = list(error.errors(include_url=False))
    found = min(errors, key=lambda one: (one["type"] == "missing", told.line(_place(one))))
    return mistake(told, _place(found), _what(found, told, model))


def mistake(told: Document, place: Place, what: str) -> str:
    """`LINE: place: what`."""
    return f"{told.line(place)}: {'.'.join(place) or 'the whole'}: {what}"


def no_truth(value: object) -> object:
    """A truth value is no number; `yes`, `no`, `on` and `off` are truth values in YAML."""
    if isinstance(value, bool):
        raise ValueError("a number is wanted here, and this is a truth value")
    return value


def reachable(address: str) -> str:
    """An address or URL whose port can exist."""
    try:
        port = urlsplit(address if "://" in address else f"//{address}").port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{address} has no port from 1 to 65535")
    return address


def _place(error: Mapping[str, typing.Any]) -> Place:
    return tuple(str(part) for part in error["loc"] if part != "[key]")


def _what(error: Mapping[str, typing.Any], told: Document, model: type[BaseModel]) -> str:
    place, word = _place(error), told.words.get(_place(error), "")
    match error["type"]:
        case "extra_forbidden":
            known = ", ".join(_model_at(model, place[:-1]).model_fields)
            return f"this key is not known here; known are: {known}"
        case "missing":
            return f"{place[-1]} is missing; add it, as sre-space.yaml of the demo has it"
        case "string_type" if word:
            return f'a text is wanted, and YAML reads something else; write it in quotes: "{word}"'
        case "less_than" if place[-1:] == ("slo",):
            return f"{word} is not below 1; it is a share: write {_share(word)}"
        case "value_error":
            return str(error["ctx"]["error"])
    return f"{error['msg']}{f', and this is {word!r}' if word else ''}"


def _share(percent: str) -> str:
    """`99.9` as a share.

    >>> _share("99.9")
    '0.999 for 99.9 %'
    """
    try:
        share = float(percent) / 100
    except ValueError:
        share = 1.0
    return f"{share:.6g} for {percent} %" if 0 < share < 1 else "a number such as 0.999"


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """The model of a place: through fields, values of mappings and items of lists."""
    for part in place:
        field = model.model_fields.get(part)
        if field is not None:
            model = _models(field.annotation)[-1] if _models(field.annotation) else model
    return model


def _models(annotation: object) -> list[type[BaseModel]]:
    """The models in an annotation such as `dict[str, Model]` or `Model | None`."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in typing.get_args(annotation) for model in _models(part)]

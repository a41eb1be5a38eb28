"""Mistakes in a configuration as one sentence: line, key, and what to write instead. Used by `config_file`."""

import typing
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sre_space.adapters.config_words import did_you_mean
from sre_space.adapters.config_yaml import Document, Place

_WHAT = {dict: "keys with values", list: "a list", bool: "true or false", str: "a text", int: "a number"}
_PARSING = ("int_parsing", "int_type", "int_from_float", "int_parsing_size", "float_parsing", "float_type")
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def first_mistake(error: ValidationError, source: Document, model: type[BaseModel]) -> str:
    """Return the first mistake by line as `LINE: place: mistake and remedy`.

    A missing key comes last, since a misspelt key explains it better.
    """
    errors: list[typing.Any] = list(error.errors(include_url=False))
    first = min(errors, key=lambda item: (item["type"] == "missing", source.line(_place(item, source))))
    return mistake(source, _place(first, source), _what(first, source, model))


def mistake(source: Document, place: Place, what: str) -> str:
    """Return a mistake as `LINE: place: what`."""
    return f"{source.line(place)}: {'.'.join(place) or 'the whole'}: {what}"


def _place(error: Mapping[str, typing.Any], source: Document) -> Place:
    """Return the place of an error; where a short form stands for a mapping, that of the short form."""
    place = tuple(str(part) for part in error["loc"] if part != "[key]")
    known = next((place[:n] for n in range(len(place), 0, -1) if place[:n] in source.lines), ())
    return place if error["type"] == "missing" else known


def _what(error: Mapping[str, typing.Any], source: Document, model: type[BaseModel]) -> str:
    """Return the mistake and its remedy in words."""
    place = _place(error, source)
    word = source.words.get(place, "")
    match error["type"]:
        case "extra_forbidden":
            known = _keys(_model_at(model, place[:-1]))
            return f"unknown key; {did_you_mean(place[-1], list(known))}known keys: {', '.join(known)}"
        case "missing":
            return _missing(place[-1], _keys(_model_at(model, place[:-1])))
        case "string_type" if word:
            return f'a string is expected, but YAML reads another type; write it in quotes: "{word}"'
        case "value_error":
            return str(error["ctx"]["error"])
        case kind if kind in _PARSING:
            return _no_number(word, whole=kind.startswith("int"), held=_held(error["input"]), key=place[-1])
        case kind if kind in _BOUNDS:
            return f"{word} is not {_BOUNDS[kind][1]} {error['ctx'][_BOUNDS[kind][0]]:g}"
    return _of_the_value(error, word)


def _of_the_value(error: Mapping[str, typing.Any], word: str) -> str:
    """Return the sentence for a value of the right key that is none of the expected ones."""
    limits = error.get("ctx", {})
    match error["type"]:
        case "enum" | "literal_error":
            return _choice(word or str(error["input"]), limits["expected"])
        case "finite_number":
            return f"{word} is no finite number; write one"
        case "string_too_short" | "too_short":
            return "this is empty; write at least one"
        case "too_long":
            return f"{limits['actual_length']} are too many; at most {limits['max_length']} can stand here"
    return f"{_expected(error['type'])} here, and this is {_held(error['input'])}{f' ({word})' if word else ''}"


def _missing(key: str, known: Mapping[str, FieldInfo]) -> str:
    examples = known[key].examples or [] if key in known else []
    return f"{key} is missing; add it{f', for example `{key}: {examples[0]}`' if examples else ''}"


def _choice(word: str, expected: str) -> str:
    """Return the sentence for a word that is none of a few; `expected` is pydantic's list of them."""
    known = [part.strip("' ") for part in expected.replace(" or ", ", ").split(",")]
    return f"{word!r} is not known here; {did_you_mean(word, known)}it may be {expected}"


def _no_number(word: str, whole: bool, held: str, key: str) -> str:
    """Return the sentence for what is no number: with a unit where the key names it, with a comma, or a fraction."""
    expected = "a whole number" if whole else "a number"
    number = word.rstrip("abcdefghijklmnopqrstuvwxyz %")
    if number and number != word and key.endswith("_seconds"):
        return f"{word!r} is not a number; the key is in seconds: write the number alone"
    if _is_number(word.replace(",", ".")) and "," in word:
        return f"{word!r} is not a number; write a point instead of the comma: {word.replace(',', '.')}"
    return f"{expected} is expected here, and this is {repr(word) if word else held}"


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _expected(kind: str) -> str:
    """Return what a value of pydantic's type of error should have been.

    >>> _expected("tuple_type")
    'a list is expected, such as [a, b],'
    """
    match kind:
        case "tuple_type":
            return "a list is expected, such as [a, b],"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "keys with values are expected"
        case "bool_type" | "bool_parsing":
            return "true or false is expected"
    return "a text is expected"


def _held(value: object) -> str:
    """Return what a value is, in a configuration's words.

    >>> _held(["a"])
    'a list'
    """
    if value is None:
        return "nothing"
    return next((what for kind, what in _WHAT.items() if isinstance(value, kind)), "something else")


def _keys(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Return the keys of a mapping as they are written, with their fields."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """Return the model at a place: found through fields, values of mappings and items of lists."""
    for part in place:
        field = _keys(model).get(part)
        if field is not None:
            model = _models(field.annotation)[-1] if _models(field.annotation) else model
    return model


def _models(annotation: object) -> list[type[BaseModel]]:
    """Return the models in an annotation such as `dict[str, Model]` or `Model | None`."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in typing.get_args(annotation) for model in _models(part)]

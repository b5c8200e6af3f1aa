"""JSON from strangers: no repeated key, no NaN, no number beyond floats, no bottomless nesting, no text with characters that
cannot be seen or that pass for others."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mebench.errors import InputError
from mebench.names import trick, visible

Model = TypeVar("Model", bound=BaseModel)


def parse(data: bytes, name: str) -> Any:
    """The value of ``data`` (UTF-8). :class:`InputError` naming ``name`` for anything that is not plain JSON."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_constant=_no_constant,
            object_pairs_hook=_no_repeat,
            parse_float=_finite,
            parse_int=_short,
        )
        _refuse_tricks(value, name)
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply.") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{name} is not plain JSON: {visible(str(error))}.") from error
    return value


def load(data: bytes, name: str, model: type[Model]) -> Model:
    """``data`` as ``model``; :class:`InputError` names the first keys that are wrong."""
    return validate(parse(data, name), name, model)


def validate(value: Any, name: str, model: type[Model]) -> Model:
    """A parsed value as ``model``; :class:`InputError` names the first keys that are wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        parts = [f"'{'.'.join(map(str, each['loc'])) or 'file'}': {each['msg']}" for each in error.errors()[:5]]
        raise InputError(f"{name}: {'; '.join(parts)}.") from error


def _refuse_tricks(value: Any, name: str) -> None:
    if isinstance(value, str):
        if (wrong := trick(value, "\n\t")) is not None:
            raise InputError(f"{name}: the text '{visible(value[:60])}' {wrong}.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_tricks(key, name)
            _refuse_tricks(inner, name)
    elif isinstance(value, list):
        for inner in value:
            _refuse_tricks(inner, name)


def _short(text: str) -> int:
    if len(text) > 40:
        raise ValueError(f"the number {text[:20]} is too large")
    return int(text)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _no_repeat(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found

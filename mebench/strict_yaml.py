"""YAML into pydantic models: pure data, unknown keys refused, every complaint with its line number.

Tags, anchors and aliases are refused, and so is text with characters that cannot be seen or that pass for others, so that a
file means what it shows and cannot grow when it is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mebench.errors import ConfigError, InputError
from mebench.names import meant, trick, visible

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]

_LARGEST = 1_000_000


def load(path: Path, model: type[Model]) -> Model:
    """Read ``path`` (UTF-8 YAML, at most 1 MB) as ``model``.

    Raises :class:`InputError` for a missing or unreadable file and :class:`ConfigError` for bad syntax, an unknown or
    repeated key, or a wrong value, each with the line number and, for a misspelt key, the nearest known one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}.") from error
    if len(data) > _LARGEST:
        raise ConfigError(f"{path} holds {len(data)} bytes; a configuration has at most {_LARGEST}.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    return parse(text, model, str(path))


def parse(text: str, model: type[Model], name: str = "<text>") -> Model:
    """Read YAML ``text`` as ``model``; ``name`` stands for the file in messages. Errors as for :func:`load`."""
    lines: dict[Location, int] = {}
    try:
        _refuse_references(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = _construct(node, (), lines, name) if node is not None else {}
    except RecursionError as error:
        raise ConfigError(f"{name} is nested too deeply.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        where = f"line {mark.line + 1} of {name}" if mark else name
        raise ConfigError(f"{where}: {problem}.") from error
    if not isinstance(value, dict):
        raise ConfigError(f"line 1 of {name}: a mapping of keys is expected, not {type(value).__name__}.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ConfigError(_message(error.errors(), lines, name, model)) from error


def _refuse_references(text: str, name: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        anchor = getattr(event, "anchor", None)
        tag = getattr(event, "tag", None)
        if anchor or tag:
            what = f"the tag '{tag}'" if tag else f"the anchor or alias '{anchor}'"
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ConfigError(f"line {line} of {name}: {what} is not allowed; write plain values.")


def _construct(node: yaml.Node, location: Location, lines: dict[Location, int], name: str) -> Any:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"line {line} of {name}: a key must be a plain word.")
            key = key_node.value
            if key in mapping:
                raise ConfigError(f"line {line} of {name}: the key '{key}' stands twice.")
            if (wrong := trick(str(key))) is not None:
                raise ConfigError(f"line {line} of {name}: the key '{visible(str(key)[:60])}' {wrong}.")
            place = (*location, key)
            mapping[key] = _construct(value_node, place, lines, name)
            lines[place] = line
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, (*location, index), lines, name) for index, item in enumerate(node.value)]
    if (wrong := trick(node.value, "\n\t")) is not None:
        raise ConfigError(f"line {lines[location]} of {name}: '{visible(node.value[:60])}' {wrong}.")
    constructor = yaml.SafeLoader("")
    try:
        return constructor.construct_object(node)
    except (ValueError, OverflowError) as error:  # such as a date with a 13th month
        raise ConfigError(
            f"line {lines[location]} of {name}: '{visible(node.value[:60])}' is no value ({error})."
        ) from error
    finally:
        constructor.dispose()


def _message(errors: list[ErrorDetails], lines: dict[Location, int], name: str, model: type[BaseModel]) -> str:
    parts = []
    for error in errors[:5]:
        location = error["loc"]
        line = next((lines[location[:n]] for n in range(len(location), -1, -1) if location[:n] in lines), 1)
        key = ".".join(str(part) for part in location) or "file"
        if error["type"] == "extra_forbidden":
            near = meant(str(location[-1]), _known_keys(model))
            parts.append(f"line {line} of {name}: unknown key '{key}'{near}")
        else:
            parts.append(f"line {line} of {name}: '{key}': {error['msg'].removeprefix('Value error, ')}")
    if len(errors) > len(parts):
        parts.append(f"and {len(errors) - len(parts)} more")
    return "; ".join(parts) + "."


def _known_keys(model: type[BaseModel]) -> list[str]:
    keys: set[str] = set()
    queue: list[Any] = [model]
    seen: set[type] = set()
    while queue:
        item = queue.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item in seen:
                continue
            seen.add(item)
            for field_name, field in item.model_fields.items():
                keys.add(field.alias or field_name)
                queue.append(field.annotation)
        else:
            queue.extend(getattr(item, "__args__", ()))
    return sorted(keys)

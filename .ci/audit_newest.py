"""Which installed packages have known vulnerabilities, asked of PyPI by project: ``python .ci/audit_newest.py``.

``pip-audit`` asks for each version; some mirrors answer for projects alone, and then for the newest version. This tells apart
what is installed in its newest version, for which the answer counts, and what is older, for which it does not. Leaves with 1
when a vulnerability is known, 2 when a package could not be looked up.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from typing import Any

KNOWN_BAD = "pycrypto"
"""Abandoned, its newest version with published vulnerabilities: without an answer for it, no other answer says anything."""


def asked(name: str) -> dict[str, Any]:
    """What PyPI says of the newest version of a project; {} when it cannot be looked up."""
    try:
        with urllib.request.urlopen(f"https://pypi.org/pypi/{name}/json", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError):
        return {}


def main() -> int:
    installed = {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"] != "mebench"}
    if not asked(KNOWN_BAD).get("vulnerabilities"):
        print(f"the index tells nothing of {KNOWN_BAD}, which is known to be vulnerable: no audit")  # noqa: T201
        return 2
    names = sorted(installed, key=str.lower)
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(names, pool.map(asked, names), strict=True))
    lost = [name for name in names if not answers[name]]
    older = [n for n in names if answers[n] and answers[n]["info"]["version"] != installed[n].split("+")[0]]
    bad = [n for n in names if n not in older and answers[n].get("vulnerabilities")]
    newest = len(names) - len(lost) - len(older)
    print(f"{newest} of {len(names)} packages in their newest version, with known vulnerabilities: {len(bad)}")  # noqa: T201
    for title, some in (("vulnerable", bad), ("older, not answered for", older), ("not looked up", lost)):
        if some:
            print(f"{title}: {', '.join(f'{name} {installed[name]}' for name in some)}")  # noqa: T201
    return 1 if bad else 2 if lost else 0


if __name__ == "__main__":
    sys.exit(main())

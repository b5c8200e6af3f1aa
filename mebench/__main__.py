"""``python -m mebench`` is the command ``mebench``."""

from mebench.cli.app import main

main()

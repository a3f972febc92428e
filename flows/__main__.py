"""``python -m flows`` is ``raglake``."""

from flows.cli.app import main

main()

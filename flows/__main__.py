"""``python -m flows`` is ``raglake``."""

from flows.cli import main

main()

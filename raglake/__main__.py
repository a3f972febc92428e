"""The command ``raglake``, also as ``python -m raglake``."""

from __future__ import annotations

import sys

from raglake.shadowing import ShadowedError, check


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, unless another package would be imported in place of one of ours."""
    try:
        check()
    except ShadowedError as error:
        sys.exit(f"raglake: {error}")
    from flows.cli.app import main

    main(arguments)


if __name__ == "__main__":
    main()

"""Libraries that take seconds to import, for the one process that runs their tests, not for each that lists them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest


class Late:
    """A module that is imported when a name of it is first used."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks each object for some, as _mock_name
            raise AttributeError(name)
        return getattr(import_module(self._module), name)


def needs(package: str) -> pytest.MarkDecorator:
    """Skips tests whose package is not installed."""
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")

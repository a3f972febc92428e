"""Runs unstructured without its language model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from lake.patches.unstructured_tokenizer import install_stub

LONGEST_HEADING = 300
#: An element of unstructured; typed loosely because the library is imported inside functions only.
Element = Any


@cache
def partitioner(name: str) -> Callable[..., list[Element]]:
    """``partition_<name>`` of unstructured, imported behind the stub."""
    from importlib import import_module

    install_stub()
    module = import_module(f"unstructured.partition.{name}")
    function: Callable[..., list[Element]] = getattr(module, f"partition_{name}")
    return function

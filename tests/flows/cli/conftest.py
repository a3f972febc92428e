"""What tests of the command line share: a scripted chat model."""

from __future__ import annotations

from tests.lake.answer.conftest import endpoint

__all__ = ["endpoint"]

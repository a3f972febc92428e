"""Ground truth: questions with the places that answer them, independent of chunking and models."""

from __future__ import annotations

from lake.questions.alignment import Lost, Place, Resolved, resolve
from lake.questions.anchoring import anchored
from lake.questions.importing import Taken, take
from lake.questions.loaders import FORMATS, load
from lake.questions.store import add, drop, questions, reviewed
from lake.questions.values import EvalQuestion, Evidence

__all__ = [
    "FORMATS",
    "EvalQuestion",
    "Evidence",
    "Lost",
    "Place",
    "Resolved",
    "Taken",
    "add",
    "anchored",
    "drop",
    "load",
    "questions",
    "resolve",
    "reviewed",
    "take",
]

"""Imports unstructured without its language model.

unstructured loads spaCy and a model only to distinguish "Text" from "NarrativeText", which raglake does not use. The
stub offers the three functions that it imports, so no model, torch or network is needed. A test checks that the real
module still offers exactly these.

Remove when unstructured classifies text without a model, or loads it on first use.
"""

from __future__ import annotations

import os
import re
import sys
from types import ModuleType

_STUBBED = "unstructured.nlp.tokenize"


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


_WORD = re.compile(r"\w+|[^\w\s]")


def install_stub() -> None:
    """Replace the tokenizer module with the stub, unless the module is loaded already."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("UNSTRUCTURED_DISABLE_NOTICE", "1")
    if _STUBBED in sys.modules:
        return
    stub = ModuleType(_STUBBED)
    stub.__dict__.update(sent_tokenize=_SENTENCE_END.split, word_tokenize=_WORD.findall, pos_tag=_tag_all_as_verbs)
    sys.modules[_STUBBED] = stub


def _tag_all_as_verbs(text: str) -> list[tuple[str, str]]:
    return [(word, "VB") for word in _WORD.findall(text)]

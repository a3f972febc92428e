"""Small files after public reports about comparable tools: words, rows and headings stand once.

``text_inputs.json`` holds text formats, ``office_inputs.json`` mails, RTF and PDF files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lake.parse import parse
from lake.parse.account import account_of

_FILES = ("text_inputs.json", "office_inputs.json")
INPUTS: list[dict[str, Any]] = [
    one for name in _FILES for one in json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("given", INPUTS, ids=lambda one: f"{one['suffix'][1:]}: {one['name']}")
def test_each_word_is_kept_once_or_named(given: dict[str, Any]) -> None:
    parsed = parse(given["text"].encode(given.get("encoding", "utf-8")), f"a{given['suffix']}")
    text = " ".join(parsed.text.split())
    assert {phrase: text.count(phrase) for phrase in given["kept"]} == dict.fromkeys(given["kept"], 1), text
    assert not [phrase for phrase in given.get("left_out", ()) if phrase in text]
    assert set(given["headings"]) <= {block.label for block in parsed.blocks if block.kind == "heading"}
    account = account_of(parsed)
    assert account.n_words_kept + sum(one.n_words for one in account.omitted) == account.n_words_source

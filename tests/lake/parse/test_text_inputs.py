"""Small files in text formats after public reports about comparable tools: words, rows and headings stand once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lake.parse import parse
from lake.parse.account import account_of

INPUTS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("text_inputs.json").read_text())


@pytest.mark.parametrize("given", INPUTS, ids=lambda one: f"{one['suffix'][1:]}: {one['name']}")
def test_each_word_is_kept_once_or_named(given: dict[str, Any]) -> None:
    parsed = parse(given["text"].encode(), f"a{given['suffix']}")
    text = " ".join(parsed.text.split())
    assert {phrase: text.count(phrase) for phrase in given["kept"]} == dict.fromkeys(given["kept"], 1), text
    assert set(given["headings"]) <= {block.label for block in parsed.blocks if block.kind == "heading"}
    account = account_of(parsed)
    assert account.n_words_kept + sum(one.n_words for one in account.omitted) == account.n_words_source

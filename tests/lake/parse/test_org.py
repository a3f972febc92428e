"""Org mode: only keywords about the document leave its text."""

from __future__ import annotations

from lake.parse import parse

HEAD = "#+TITLE: Pumps\n#+DESCRIPTION: one\n#+DESCRIPTION: two\n# a comment\n\n"
BODY = (
    "#+CAPTION: Fees by boat\n| Boat | Fee |\n* Valves :tag:\n:PROPERTIES:\n:ID: 7\n:END:\nOil[fn:1].\n"
    "#+begin_quote\nAll is well.\n#+end_quote\n[fn:1] Whale oil.\n"
)


def test_keywords_of_the_text_are_text() -> None:
    document = parse((HEAD + BODY).encode(), "a.org")
    assert document.text == BODY
    assert document.title == "Pumps"
    assert document.metadata == {"description": "one two"}
    assert [(one.kind, one.n_words) for one in document.omitted] == [("hidden", 2)]


def test_settings_are_metadata_and_named() -> None:
    parsed = parse(b"#+TITLE: Lamps\n#+STARTUP: hidestars\n#+SEQ_TODO: OPEN | SHUT\n\nText.\n", "a.org")
    assert (parsed.text, parsed.title) == ("Text.\n", "Lamps")
    assert parsed.metadata["startup"] == "hidestars"
    assert [(one.kind, one.n_words, one.place) for one in parsed.omitted] == [("hidden", 6, "settings")]


def test_a_heading_is_its_words() -> None:
    parsed = parse(b"* TODO [#A] Valves :tag:\nOil.\n", "a.org")
    assert parsed.blocks[-1].heading == ("Valves",)

"""The sample from which a document's language is detected."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lake.parse.language import _NOT_LETTERS, _letters_of


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_letters_of_ascii_are_those_of_the_expression(text: str) -> None:
    assert _letters_of(text) == _NOT_LETTERS.sub(" ", text).strip()

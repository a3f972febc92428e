"""Positions of cuts, and how spans are measured in tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lake.chunk.boundaries import Ruler
from lake.chunk.tokenizers import WordTokenizer, load_tokenizer

TEXTS = st.text(st.sampled_from("ab \n.\u00e4\u706f"), max_size=60)


@given(TEXTS, st.integers(0, 60), st.integers(0, 60), st.integers(1, 12))
def test_a_span_measures_the_same_before_offsets_are_known_and_after(text: str, a: int, b: int, limit: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    for tokenizer in (WordTokenizer(), load_tokenizer("tiktoken:cl100k_base")):
        fresh, measured = Ruler(text, tokenizer), Ruler(text, tokenizer)
        measured.touched(0, len(text))
        assert fresh.count(start, end) == measured.count(start, end) == tokenizer.count(text[start:end])
        if fresh.is_short(start, end, limit):
            assert measured.touched(start, end) <= limit
            assert fresh.fits(start, end, limit)
            assert measured.fits(start, end, limit)


def test_a_short_text_is_counted_without_its_offsets() -> None:
    class Counting(WordTokenizer):
        def spans(self, text: str):  # type: ignore[no-untyped-def]
            raise AssertionError("offsets of a text that fits are of no use")

    ruler = Ruler("The pump starts. " * 20, Counting())
    assert ruler.fits(0, 339, 100)
    assert ruler.is_short(0, 339, 100)
    assert not ruler.is_short(0, 339, 50)

"""Evidence is found where it stands now, or said to be gone; never guessed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lake.questions.alignment import find_place
from lake.questions.values import CONTEXT, Evidence

WORDS = st.lists(st.sampled_from(["oil", "lamp", "wick", "tide", "at", "six"]), min_size=1, max_size=40)


def evidence_of(text: str, start: int, end: int) -> Evidence:
    around = {"before": text[max(0, start - CONTEXT) : start], "after": text[end : end + CONTEXT]}
    return Evidence("a.md", quote=text[start:end], start=start, end=end, **around)


@given(WORDS, st.data())
def test_a_place_moves_with_its_text_and_white_space_does_not_count(words: list[str], data: st.DataObject) -> None:
    text = " ".join([*words, "Zanzibar", "harbour", *reversed(words)])
    quote = "Zanzibar harbour"
    start = text.index(quote)
    known = evidence_of(text, start, start + len(quote))
    moved = data.draw(st.text("ab \n", max_size=30)) + text.replace(" ", data.draw(st.sampled_from([" ", "\n", "  "])))
    span = find_place(moved, known)
    assert isinstance(span, tuple)
    assert moved[slice(*span)].split() == quote.split()
    assert find_place(text.replace("Zanzibar", "Mombasa"), known) == "text gone"


@given(WORDS, st.data())
def test_what_stays_in_place_is_found_there_whatever_repeats(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    if text[start:end].strip():
        assert find_place(text, evidence_of(text, start, end)) == (start, end)
        assert find_place("x" + text, evidence_of(text, start, end)) in ((start + 1, end + 1), "ambiguous")


def test_the_surroundings_tell_occurrences_apart() -> None:
    text = "Trim the wick at six. Fill the oil at six. Close at six."
    second = text.index("six", 25)
    known = evidence_of(text, second, second + 3)
    moved = "New rules for all. " * 3 + text
    assert find_place(moved, known) == (second + 57, second + 60)
    assert find_place(text, Evidence("a.md", quote="six")) == "ambiguous"
    assert find_place(text, Evidence("a.md", start=3, end=999)) == "text gone"
    assert find_place(text, Evidence("a.md", quote="\nClose at six.\n")) == (text.index("Close"), len(text))

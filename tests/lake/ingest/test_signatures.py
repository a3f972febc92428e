"""Signatures of texts: what they are, what they ignore, and how well they estimate."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.ids import bytes_digest
from lake.ingest.signatures import _WORD, N_VALUES, _shingles, _words, nearest_heads, signature, stacked

WORDS = [f"word{n}" for n in range(3000)]


def text_of(seed: int, n: int = 300) -> list[str]:
    return random.Random(seed).choices(WORDS, k=n)


def edited(words: list[str], share: float, seed: int) -> str:
    drawn = random.Random(seed)
    return " ".join(f"new{drawn.random()}" if drawn.random() < share else word for word in words)


def likeness(a: str, b: str) -> float:
    values = stacked([signature(a), signature(b)])[1]
    return float((values[0] == values[1]).mean())


def test_signatures_are_those_of_earlier_nights() -> None:
    # If this fails, SCHEME must change: stored signatures would be compared with others.
    assert (
        bytes_digest(signature("The pump's oil is changed every May. Its filter is rinsed in June."))[:16]
        == "49205d600f3ad79a"
    )
    assert bytes_digest(signature("灯台は毎晩点灯する。Größe 6.1.2"))[:16] == "112db4c7efa59fa5"
    assert (signature(""), signature(" \n.,")) == (b"", b"")
    assert len(signature("oil")) == 1 + 2 * N_VALUES


@given(st.lists(st.sampled_from(["Oil", "Größe", "灯台", "6", "?", "the"]), min_size=1, max_size=30), st.randoms())
@settings(max_examples=60)
def test_case_space_and_punctuation_do_not_matter(words: list[str], drawn: random.Random) -> None:
    spaced = "".join(word + drawn.choice([" ", "\n\n", ", ", "  \t"]) for word in words)
    assert signature(spaced) == signature(" ".join(words).upper().replace("GRÖSSE", "Größe"))


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_words_of_ascii_are_those_of_the_expression(text: str) -> None:
    assert _words(text) == _WORD.findall(text.casefold())


def test_estimates_are_near_the_similarity() -> None:
    errors = []
    for seed in range(40):
        words = text_of(seed)
        a, b = " ".join(words), edited(words, seed / 200, seed)
        left, right = set(_shingles(a)), set(_shingles(b))
        errors.append(likeness(a, b) - len(left & right) / len(left | right))
    assert abs(float(np.mean(errors))) < 0.015
    assert float(np.std(errors)) < 0.05


def test_groups_have_heads_and_no_chains() -> None:
    words = text_of(1)
    texts = [" ".join(words), *(edited(words, 0.02, seed) for seed in range(3)), " ".join(text_of(2))]
    step = words
    for seed in range(12):  # each resembles the one before it, and the last ones not the first
        step = edited(step, 0.02, 100 + seed).split()
        texts.append(" ".join(step))
    heads, alike = nearest_heads(stacked([signature(text) for text in texts])[1], 0.8)
    assert heads[:5].tolist() == [0, 0, 0, 0, 4]
    assert all(heads[head] == head for head in heads)
    assert len(set(heads.tolist())) > 2
    assert alike.min() >= 0.8
    of_none, _ = nearest_heads(stacked([])[1], 0.8)
    assert len(of_none) == 0
    other = signature(texts[0])
    assert stacked([other, None, b"", bytes([other[0] + 1]) + other[1:]])[0].tolist() == [0]

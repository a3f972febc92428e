"""No chunk, no section and no shortened text begins or ends inside a visible character."""

from __future__ import annotations

import time

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.chunk.chunker import chunk
from lake.chunk.tokenizers import load_tokenizer
from lake.parse.document import Block, ParsedDocument
from lake.parse.graphemes import cluster, shortened
from lake.recipe.chunking import ChunkRecipe

#: Each is one visible character.
CLUSTERS = [
    *("\U0001f1e9\U0001f1ea", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "1\ufe0f\u20e3", "\U0001f44d\U0001f3fd"),
    *("\U0001f3f3\ufe0f\u200d\U0001f308", "\u1112\u1161\u11ab", "\ud55c", "\u0915\u094d\u0937"),
    *(
        "\u0e01\u0e33",
        "\u0e17\u0e35\u0e48",
        "e\u0301\u0323",
        "\u05d1\u05bc\u05b0",
        "\u0628\u0651\u064e",
        "\u0ba8\u0bbf",
    ),
    *("\u0995\u09cd\u09b7", "\u0b95\u0bcd", "\u304b\u3099", "\u2764\ufe0f", "\u0f40\u0fb5", "\u1780\u17d2\u179a"),
    *("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",),
]
PIECES = [*CLUSTERS, "x", "\u4f60", "\u3002", ". ", "\n", "\n\n", " ", "| "]


def borders(text: str) -> set[int]:
    return {found.start() for found in regex.finditer(r"\X", text)} | {len(text)}


def check(text: str, recipe: ChunkRecipe, name: str, kind: str = "paragraph") -> None:
    source = ParsedDocument(text, [Block(0, len(text), kind)])  # type: ignore[arg-type]
    tokenizer, allowed = load_tokenizer(name), borders(text)
    found = chunk(source, recipe, tokenizer)
    for span in (*found.children, *found.parents):
        assert {span.start, span.end} <= allowed, (span, text[span.start : span.end])


@pytest.mark.parametrize("strategy", ["hierarchical", "window", "paragraph"])
@pytest.mark.parametrize("name", ["words", "tiktoken:cl100k_base"])
@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=80), overlap=st.sampled_from([0, 20]))
def test_no_span_begins_or_ends_inside_a_cluster(name: str, strategy: str, pieces: list[str], overlap: int) -> None:
    check("".join(pieces).strip(), ChunkRecipe(strategy, 60, 48, overlap, 0), name)  # type: ignore[arg-type]


@pytest.mark.parametrize("one", CLUSTERS)
def test_a_run_without_white_space_is_cut_between_visible_characters(one: str) -> None:
    for before in ("", "x", "xx"):
        check(before + one * 200, ChunkRecipe("hierarchical", 120, 60, 10, 0), "tiktoken:cl100k_base")


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from([*PIECES, "\r\n", "\u0600"]), max_size=40))
def test_a_cluster_is_found_from_every_place_in_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in regex.finditer(r"\X", text):
        for place in range(found.start() + 1, found.end()):
            assert cluster(text, place) == found.span()
        assert cluster(text, found.start()) == (found.start(), found.start())
    for length in range(len(text) + 1):
        cut = shortened(text, length)
        assert len(cut) <= length
        assert len(cut) in borders(text)


def test_endless_marks_and_flags_take_linear_time() -> None:
    seconds = []
    for n in (20_000, 40_000):
        start = time.process_time()
        for one in ("\u0301", "\U0001f1e9"):
            chunk(ParsedDocument("e" + one * n, []), ChunkRecipe(), load_tokenizer("words"))
        seconds.append(time.process_time() - start)
    assert seconds[1] < 4 * seconds[0] + 0.2

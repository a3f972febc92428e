"""Semantic chunking: cuts where the meaning turns, within the sizes, and never through a table, code or heading."""

from __future__ import annotations

import random

import pytest

from lake.chunk.chunker import Chunks, chunk
from lake.chunk.turns import Turns, sentences_of
from lake.errors import UsageError
from lake.parse.document import ParsedDocument
from lake.recipe.chunking import ChunkRecipe, Strategy
from tests.lake.chunk.test_chunker import WORDS, check_children, check_cover, check_parents, document, texts

FROGS = [f"Frog number {n} lives in a pond and eats a fly each day." for n in range(4)]
BANKS = [f"Bank number {n} lends money and takes a fee each year." for n in range(4)]
RECIPE = ChunkRecipe("semantic", child_tokens=90, overlap_tokens=0, heading_tokens=0, least_tokens=10)


def turned(source: ParsedDocument, recipe: ChunkRecipe, turning: tuple[str, ...]) -> Chunks:
    """Chunks whose meaning turns before each sentence that contains one of the texts."""
    found = sentences_of(source, recipe, WORDS)
    spoken = [source.text[start:end] for start, end in found.spans]
    first = {run: found.runs.index(run) for run in found.runs}
    changes = [
        -1.0 if i == first[run] else float(any(one in text for one in turning))
        for i, (run, text) in enumerate(zip(found.runs, spoken, strict=True))
    ]
    return chunk(source, recipe, WORDS, Turns(found.spans, changes, recipe))


def test_a_paragraph_is_cut_where_its_meaning_turns_and_nowhere_else() -> None:
    source = document(("paragraph", " ".join([*FROGS, *BANKS])))
    assert texts(turned(source, RECIPE, ("Bank number 0",)), source) == [" ".join(FROGS), " ".join(BANKS)]


def test_a_text_that_is_too_long_is_cut_at_its_strongest_turn_even_below_the_percentile() -> None:
    source = document(("paragraph", " ".join([*FROGS, *BANKS] * 2)))
    recipe = ChunkRecipe("semantic", child_tokens=90, overlap_tokens=0, heading_tokens=0, turn_percentile=100)
    parts = texts(turned(source, recipe, ("Bank number 0", "Frog number 0")), source)
    assert parts == [" ".join(FROGS), " ".join(BANKS)] * 2 or all(WORDS.count(part) <= 90 for part in parts)
    assert any(part.startswith("Bank number 0") for part in parts)


def test_parts_have_the_minimum_of_tokens() -> None:
    source = document(("paragraph", " ".join([*FROGS, BANKS[0]])))
    assert len(texts(turned(source, RECIPE, ("Bank",)), source)) == 2
    large = ChunkRecipe("semantic", child_tokens=90, overlap_tokens=0, heading_tokens=0, least_tokens=20)
    assert texts(turned(source, large, ("Bank",)), source) == [" ".join([*FROGS, BANKS[0]])]


def test_code_tables_and_headings_keep_what_belongs_to_them() -> None:
    code, table = "def frog():\n    return 'pond. Bank number 9. Fee.'", "| a | b |\n|---|---|\n| frog. | Bank. |"
    source = document(
        ("heading", "# Frogs"), ("paragraph", " ".join(FROGS)), ("code", code), ("table", table),
        ("heading", "## Banks"), ("paragraph", " ".join(BANKS)),
    )  # fmt: skip
    found = sentences_of(source, RECIPE, WORDS)
    spoken = [source.text[start:end] for start, end in found.spans]
    assert spoken == [*FROGS, *BANKS]
    assert len(set(found.runs[:4])) == 1
    assert found.runs[3] != found.runs[4]
    parts = texts(turned(source, RECIPE, ("number 2",)), source)
    assert sum(code in part for part in parts) == sum(table in part for part in parts) == 1
    assert any(part.startswith("## Banks\n\nBank number 0") for part in parts)


@pytest.mark.parametrize("seed", range(12))
def test_every_promise_of_chunks_holds_whatever_changes(seed: int) -> None:
    rng = random.Random(seed)
    kinds = ["paragraph", "list", "quote", "code", "table", "heading"]
    parts = []
    for _ in range(rng.randrange(1, 25)):
        kind = rng.choice(kinds)
        body = " ".join(rng.choices([*FROGS, *BANKS, "Yes.", "x" * 300, "你好。再见。"], k=rng.randrange(1, 12)))
        parts.append((kind, "#" * rng.randrange(1, 4) + " Title" if kind == "heading" else body))
    source = document(*parts)
    recipe = ChunkRecipe("semantic", child_tokens=48, overlap_tokens=rng.choice([0, 8]), heading_tokens=8,
                         turn_percentile=rng.randrange(101))  # fmt: skip
    found = sentences_of(source, recipe, WORDS)
    made = chunk(source, recipe, WORDS, Turns(found.spans, [rng.uniform(-1, 2) for _ in found.spans], recipe))
    check_cover(source.text, made)
    check_parents(source.text, made, recipe)
    check_children(source.text, made, recipe, WORDS)


@pytest.mark.parametrize("strategy", ["hierarchical", "window", "paragraph"])
def test_other_strategies_have_no_such_options_and_keep_their_digests(strategy: Strategy) -> None:
    with pytest.raises(UsageError, match=r"turn_percentile=50 applies to strategy='semantic' alone"):
        ChunkRecipe(strategy, turn_percentile=50)
    assert not {"turn_percentile", "least_tokens"} & ChunkRecipe(strategy).to_json().keys()
    semantic = ChunkRecipe().changed(strategy="semantic")
    assert (semantic.turn_percentile, semantic.least_tokens) == (80, 40)
    assert ChunkRecipe.from_json(semantic.to_json()) == semantic
    assert semantic.changed(strategy=strategy) == ChunkRecipe(strategy)

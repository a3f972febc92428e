"""What is embedded before a chunk, and what gives way if there is no room for all of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.chunk.chunker import chunk
from lake.chunk.context import context_lines, meaningful_title
from lake.chunk.tokenizers import load_tokenizer
from lake.parse import parse
from lake.recipe import EmbedderIdentity, Recipe
from lake.recipe.chunking import EARLIER_CONTEXT, ChunkRecipe
from lake.tables.places import place_text

WORDS = load_tokenizer("words")
TITLE = "Tolvar plc annual report and accounts of the year"
DEEP = "# One two three\n\n## Four five six\n\n### Seven eight nine\n\n"


def contexts(text: str, room: int = 48, context: str = "title+headings+table") -> list[str]:
    """The contexts of a document's chunks, in order, without repetitions."""
    recipe = replace(ChunkRecipe(child_tokens=40, overlap_tokens=0), heading_tokens=room, context=context)
    children = chunk(parse(text.encode(), "a.md"), recipe, WORDS).children
    assert all(WORDS.count(child.context) <= room for child in children)
    return list(dict.fromkeys(child.context.rstrip("\n") for child in children))


def titled(title: str, body: str) -> str:
    return f'---\ntitle: "{title}"\n---\n{body}'


PROSE = "The auditor found no reason for objections. " * 12


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (48, f"{TITLE} > One two three > Four five six > Seven eight nine"),
        (17, f"{TITLE} > Four five six > Seven eight nine"),
        (13, f"{TITLE} > Seven eight nine"),
        (12, "Tolvar plc annual report and accounts of the > Seven eight nine"),
        (8, "Tolvar plc annual report > Seven eight nine"),
        (7, "Four five six > Seven eight nine"),
        (3, "Seven eight nine"),
        (2, "Seven eight"),
        (0, ""),
    ],
)
def test_outer_headings_give_way_before_the_title(room: int, expected: str) -> None:
    assert contexts(titled(TITLE, DEEP + PROSE), room)[-1] == expected


def test_column_names_are_shortened_before_the_title_is_left_out() -> None:
    names = [f"measured value {n}" for n in range(6)]
    rows = "\n".join(f"| {' | '.join(str(n * k) for k in range(6))} |" for n in range(40))
    table = f"| {' | '.join(names)} |\n|{' --- |' * 6}\n{rows}\n"
    found = contexts(titled("Tolvar plc", f"# Wear\n\n{table}"), 14)[-1]
    assert found.startswith("Tolvar plc > measured | measured")
    assert not any("measured" in one for one in contexts(titled("Tolvar plc", f"# Wear\n\n{table}"), 14, "title"))


@pytest.mark.parametrize(
    "body", ["# Tolvar plc\n\n", "# The report of TOLVAR PLC, 2031\n\n", "Tolvar plc\n\n## Oil\n\n"]
)
def test_a_title_is_not_embedded_twice(body: str) -> None:
    for text in (titled("Tolvar plc", body + PROSE), body + PROSE):
        assert all(one.lower().count("tolvar plc") <= 1 for one in contexts(text))
        recipe = ChunkRecipe(child_tokens=40, overlap_tokens=0, context="title+headings")
        parsed = parse(text.encode(), "a.md")
        for child in chunk(parsed, recipe, WORDS).children:
            embedded = child.context + parsed.text[child.start : child.end]
            assert embedded.lower().count("tolvar plc") <= 1


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Untitled",
            "untitled document",
            "Microsoft Word - x.doc",
            "Document1",
            "Dokument 2",
            "Sans titre",
            "20310412",
        ),
        *(
            "report_v2.docx",
            "C:\\docs\\acme.pdf",
            "Contents",
            "Introduction",
            "(anonymous)",
            "Slide 1",
            " ",
            "无标题",
            "-",
        ),
        *(
            "PowerPoint Presentation",
            "Präsentation1",
            "scan_0042",
            "Без имени",
            "Book1",
            "New Microsoft Word Document",
            "A",
        ),
    ],
)
def test_a_title_that_says_nothing_is_none(title: str) -> None:
    assert meaningful_title(title) == ""


@pytest.mark.parametrize("title", ["Tolvar plc", "2031 results", "年度報告書2031", "Ph.D. thesis", "Pumps", "ISO 9001"])
def test_a_title_that_says_something_is_kept(title: str) -> None:
    assert meaningful_title(f" {title}\n") == title


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("hr/policies/Leave & absence (2030).docx", "hr policies Leave absence 2030"),
        ("clients/ACME%20plc/2031/final.pdf", "clients ACME plc 2031"),
        ("src/main/getUserName.tar.gz", "getUserName"),
        ("550e8400-e29b-41d4-a716-446655440000/IMG_2031.jpg", ""),
        ("docs/0396205d1c4798d5-001.cpp", ""),
        ("en/10009203.md", "en"),
        ("报告/水.md", "报告 水"),
        ("a/b/index.html", ""),
        ("..", ""),
        ("a" * 5000, "a" * 5000),
    ],
)
def test_folders_and_names_say_their_words(uri: str, said: str) -> None:
    assert place_text(uri) == said


@given(st.text(max_size=80))
def test_any_name_and_any_title_has_words_or_none(text: str) -> None:
    assert place_text(text) == place_text(text).strip()
    assert meaningful_title(text) in ("", " ".join(text.split()))


def test_recipes_of_earlier_releases_keep_their_digests() -> None:
    embedder = EmbedderIdentity("hash", "w", "numpy", "float32", 8, 256, "words")
    old = Recipe(embedder, ChunkRecipe(context=EARLIER_CONTEXT))
    stored = old.to_json()
    assert "context" not in stored["chunking"]
    assert Recipe.from_json(stored) == old
    placed, titled = (Recipe(embedder, ChunkRecipe(context=one)) for one in ("headings+table+place", "title+headings"))
    ids = [recipe.identifier()("d", "markdown", ".md") for recipe in (old, placed, titled)]
    assert ids[0] == ids[1] != ids[2]
    assert len({recipe.digest for recipe in (old, placed, titled)}) == 3
    assert Recipe.from_json(titled.to_json()) == titled
    assert old.text_index == titled.text_index._replace(parts=("headings",)) != placed.text_index


def test_a_thousand_levels_of_headings_make_no_more_contexts_than_may_fit() -> None:
    lines = list(context_lines(tuple(f"level {n}" for n in range(1000)), 24, title="The pump"))
    assert lines[-1] == "level\n"
    assert sum(map(len, lines)) < 20_000

"""What holds for any text and any bytes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.canonical import clean
from lake.parse.markup import markdown
from lake.parse.registry import parsers_by_suffix

MARKUP = st.sampled_from(
    ["# ", "## ", "- ", "1. ", "> ", "```\n", "~~~\n", "| a | b |\n| - | - |\n", "\n", "\n\n", "    "]
)
PROSE = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\r"), max_size=60)
TEXTS = st.lists(MARKUP | PROSE, max_size=12).map("".join)


def words(text: str) -> str:
    return "".join(text.split())


def covered(document: ParsedDocument) -> str:
    return "".join(document.text[block.start : block.end] for block in document.blocks)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".org", ".sql", ".py", ".ts"])
@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_sources_lose_nothing_but_white_space(suffix: str, text: str) -> None:
    source = "Words. " + text
    document = parse(source.encode(), f"a{suffix}")
    assert words(document.text) == words(clean(source))
    assert words(covered(document)) == words(document.text)
    starts = [block.start for block in document.blocks]
    assert starts == sorted(starts)


@pytest.mark.parametrize("suffix", sorted(parsers_by_suffix()))
@given(data=st.binary(max_size=200) | TEXTS.map(str.encode))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_give_a_document_or_an_input_error(suffix: str, data: bytes) -> None:
    assert outcome(data, suffix) not in ("crash", "lost")


def outcome(data: bytes, suffix: str) -> str:
    try:
        document = parse(data, f"a{suffix}")
    except InputError as error:
        return error.error_class
    return "parsed" if covered(document).strip() else "lost"


#: Most can be told apart without a parser; the others make it give up.
LINES = [
    *("", "", "  ", "Words here", "two words", "# Title", "### Lower ###", "# ", "- one", "- two", "* three", "+ four"),
    *('"quoted', "(aside", "2024 was", "12", "é x", "a | b", "end.  ", "word\xa0"),
    *(
        "    code",
        "1. first",
        "---",
        "===",
        "|-|-|",
        "> q",
        "```",
        "[x]: y",
        "- # x",
        "-",
        "-  x",
        "<b>",
        "x\ty",
        "####### x",
    ),
]


@given(lines=st.lists(st.sampled_from(LINES[:20]), max_size=9) | st.lists(st.sampled_from(LINES), max_size=6))
@settings(max_examples=400, deadline=None)
def test_plain_markdown_has_the_blocks_that_the_parser_finds(lines: list[str]) -> None:
    text = "\n".join(lines)
    plain = markdown._plain(text.split("\n"))
    assert (plain is not None) or set(lines) & set(LINES[20:])
    if plain is not None:
        assert _trimmed(plain, lines) == _trimmed(markdown._parsed(text), lines)


def _trimmed(blocks: Iterable[tuple[str, int, int, int]], lines: list[str]) -> list[tuple[str, int, int, str]]:
    """Blocks without the blank lines at their ends, which a parser counts to some of them."""
    return [(kind, level, first, "\n".join(lines[first:end]).rstrip()) for kind, level, first, end in blocks]

"""AsciiDoc: what a reader of the page sees, with its structure; what is left out is counted."""

from __future__ import annotations

import pytest

from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument


def _parsed(source: str) -> ParsedDocument:
    parsed = parse(source.encode(), "a.adoc")
    assert account_of(parsed).n_words_lost == 0
    return parsed


HEAD = """= {product} Guide
Ida Berg <ida@example.org>
v1.2, 2031-03-14
:product: Lamp
:long: one \\
  two
// a comment here

Preface for {product} {long}.
"""
TABLES = {
    "a head, a long cell and an empty one": (
        '[cols="1,2,1",options="header"]\n|===\n|Name |Text |Price\n\n|Rope\n|A long\nrope\n|\n|===\n',
        ["| Name | Text | Price |", "| Rope | A long rope |  |"],
    ),
    "an empty cell in the middle": ("|===\n|A |B |C\n\n|1 | |3\n|===\n", ["| 1 |  | 3 |"]),
    "cells without spaces": ("|===\n|a|b\n|c|d\n|===\n", ["| a | b |", "| c | d |"]),
    "cells over columns and rows": (
        "|===\n|A |B |C\n\n2+|both |6\n.2+|down |x |y\n|p |q\n|===\n",
        ["| both |  | 6 |", "| down | x | y |", "| down | p | q |"],
    ),
    "repeated cells": ("|===\n3*|same\n|1 |2 |3\n|===\n", ["| 1 | 2 | 3 |"]),
    "a list in a cell": ("[cols=2*]\n|===\na|\n* one\n* two\n|x\n|===\n", ["| - one - two | x |"]),
    "values with commas": ('[%header,format=csv]\n|===\na,"b, c"\n1,2\n|===\n', ["| a | b, c |", "| 1 | 2 |"]),
    "a short form of these": (",===\na,b\n,===\n", ["| a | b |"]),
}
WORDS = {
    "un**bel**ievable *bold* _em_ `a_b` #marked#": "unbelievable bold em a_b marked",
    "H~2~O and 10^2^ and x^2^": "H2O and 10^2 and x2",
    "snake_case_name and 2 * 3 * 4": "snake_case_name and 2 * 3 * 4",
    "link:https://x.org[site] https://y.org[other,window=_blank] https://z.org/q.": "site other https://z.org/q.",
    "<<sec,the section>> xref:a.adoc#b[there] mailto:a@b.org[mail]": "the section there mail",
    "kbd:[Ctrl+C] btn:[OK] menu:File[Save > As]": "Ctrl+C OK File > Save > As",
    "image:x.png[Inline alt,20] and {undefined} and {nbsp}end": "Inline alt and {undefined} and end",
    "+literal *x*+ and `+{a}+` and pass:[_b_]": "literal *x* and {a} and _b_",
    "((shown)) and (((hidden, term)))": "shown and",
    '"`curly`" (C) -- a...': "\u201ccurly\u201d (C) \u2014 a\u2026",
}


def test_the_head_states_title_author_and_attributes() -> None:
    parsed = _parsed(HEAD)
    assert parsed.text == "# Lamp Guide\n\nPreface for Lamp one two."
    assert (parsed.title, parsed.author, parsed.metadata["revision"]) == ("Lamp Guide", "Ida Berg", "v1.2, 2031-03-14")
    assert {(one.kind, one.place) for one in parsed.omitted} == {
        ("hidden", "author and revision"),
        ("hidden", "comments"),
    }


@pytest.mark.parametrize("name", TABLES)
def test_cells_keep_their_columns(name: str) -> None:
    source, rows = TABLES[name]
    lines = _parsed(source).text.split("\n")
    assert [row for row in rows if row not in lines] == [], lines


@pytest.mark.parametrize("source", WORDS)
def test_words_are_what_a_reader_sees(source: str) -> None:
    assert _parsed(source).text == WORDS[source]


def test_lists_keep_their_nesting_and_the_blocks_of_items() -> None:
    parsed = _parsed(
        "* one\n** two\n* three\n+\nMore of three.\n+\n----\ncode three\n----\n* [x] four\n\n'''\n\n"
        ". first\n.. a\n. second\n\nCPU:: The brain\nRAM::\nMemory\n"
    )
    assert parsed.text == (
        "- one\n  - two\n- three\n  More of three.\n\n```\ncode three\n```\n\n- [x] four\n\n"
        "1. first\n  1. a\n2. second\n  - CPU: The brain\n  - RAM: Memory"
    )


def test_blocks_keep_their_kind() -> None:
    parsed = _parsed(
        "== Part\n\n.Title of it\n[source,python]\n----\nx = 1 # <1>\n----\n<1> Explains\n\n"
        "[WARNING]\n.Danger\n====\nHot.\n====\n\n"
        "TIP: Cold.\n\n[quote, Ada, Notes]\n____\nQuoted.\n____\n\n[verse]\n____\nTwo\nlines\n____\n\n"
        "****\nAside.\n****\n\n"
        "++++\n<p>raw <b>html</b></p>\n++++\n\nNoted.footnote:[A *note*.] On\n"
    )
    assert parsed.text == (
        "## Part\n\nTitle of it\n\n```python\nx = 1 # <1>\n```\n\n<1> Explains\n\n"
        "WARNING: Danger\n\nHot.\n\nTIP: Cold.\n\n"
        "Quoted.\n\u2014 Ada, Notes\n\nTwo\nlines\n\nAside.\n\nraw html\n\nNoted. [1] On\n\n[1] A note."
    )
    assert [block.kind for block in parsed.blocks[1:3]] == ["paragraph", "code"]


def test_values_stand_in_listings_that_want_them() -> None:
    parsed = _parsed(':v: 9.1\n\n[source,subs="attributes+"]\n----\nver {v}\n----\n\n----\n{v}\n----\n')
    assert parsed.text == "```\nver 9.1\n```\n\n```\n{v}\n```"


def test_includes_are_named_and_never_read() -> None:
    parsed = _parsed(
        ":dir: parts\n\ninclude::{dir}/a.adoc[]\n\n----\ninclude::b.rb[]\nx\n----\n\n////\nblock words\n////\n"
    )
    assert parsed.text == "```\nx\n```"
    assert [(one.kind, one.n_words, one.place) for one in parsed.omitted] == [
        ("attachment", 0, "parts/a.adoc"),
        ("attachment", 0, "b.rb"),
        ("hidden", 2, "comments"),
    ]


def test_both_sides_of_a_condition_are_text() -> None:
    parsed = _parsed("ifdef::a[]\nwith\nendif::[]\nifndef::a[without]\n\nTwo Lines\n---------\n\nbody\n")
    assert parsed.text == "with\n\nwithout\n\n## Two Lines\n\nbody"


@pytest.mark.parametrize(
    "source", ["|===\n", "[", "* a\n+\n", "----\nopen\n", "|===\n.9999+|a\n|===\n" * 3, "a::\n", "====\n" * 9]
)
def test_odd_sources_end(source: str) -> None:
    parsed = parse(f"words\n\n{source}".encode(), "a.adoc")
    assert parsed.text.startswith("words")

"""Markdown: headings that are written in HTML."""

from __future__ import annotations

import pytest

from lake.parse import parse

HEADINGS = {
    "one line": ("<h1 align='center'>Tom &amp; <b>Jerry</b></h1>", [(1, "Tom & Jerry")]),
    "several lines": ("<h2>\n  <img src='a.png'>\n  Lamp\n</h2>", [(2, "Lamp")]),
    "inside a block": ("<div>\n<h3>Oil</h3>\n<p>A litre.</p>\n<h4>Wick</h4>\n</div>", [(3, "Oil"), (4, "Wick")]),
    "a comment": ("<!--\n<h1>Old</h1>\n-->", []),
    "code": ("<pre>\n<h1>Code</h1>\n</pre>", []),
    "never closed": ("<h1>Open", []),
    "without words": ("<h1><img src='a.png'></h1>", []),
    "inside a line": ("<p>\nsee <h1>Not alone</h1> here\n</p>", []),
}


@pytest.mark.parametrize("name", HEADINGS)
def test_headings_in_html_are_headings(name: str) -> None:
    html, headings = HEADINGS[name]
    source = f"Before.\n\n{html}\n\nAfter.\n"
    document = parse(source.encode(), "a.md")
    assert document.text == source
    assert [(one.level, one.label) for one in document.blocks if one.kind == "heading"] == headings
    assert document.blocks[-1].heading == tuple(label for _, label in headings)
    assert document.title == (headings[0][1] if headings else None)


@pytest.mark.parametrize("written", ["## Install {#install .cls}", "## Install {: #install} ##", "## Install"])
def test_a_heading_is_named_without_its_id(written: str) -> None:
    assert parse(f"{written}\n\ntext\n".encode(), "a.md").blocks[-1].heading == ("Install",)

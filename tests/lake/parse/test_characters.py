"""Characters of the canonical text: composed, visible, and at their offsets in every format."""

from __future__ import annotations

from unicodedata import is_normalized

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.parse import parse
from lake.parse.canonical import clean, cleaned, is_clean
from lake.parse.document import Block, ParsedDocument, check

CLEAN = {
    "separate accents": ("Gro\u0308\u00dfenpru\u0308fer", "Gr\u00f6\u00dfenpr\u00fcfer"),
    "soft hyphens": ("Donau\u00addampf\u00adschiff", "Donaudampfschiff"),
    "zero-width spaces": ("light\u200bkeeper sea\u2060farer", "lightkeeper seafarer"),
    "a byte order mark inside": ("one\n\ufefftwo", "one\ntwo"),
    "marks of direction": ("\u200fabc\u202e\u2066def\u2069\u061c", "abcdef"),
    "a joiner in Latin": ("light\u200dkeeper sea\u200cfarer", "lightkeeper seafarer"),
    "a non-joiner in Persian": ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
    "a joiner in Hindi": ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
    "a family": ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    "a heart of fire": ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
    "hidden tags": ("read\U000e0069\U000e0067\U000e006e this", "read this"),
    "a flag of tags": ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e007f"),
    "controls": ("a\x00b\x07c\x7fd\x9be", "abcde"),
    "lone surrogates": ("a\ud800b", "ab"),
    "line ends": ("a\r\nb\rc", "a\nb\nc"),
    "anchors of annotations and objects": ("a\ufff9b\ufffcc", "abc"),
    "Hangul": ("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CLEAN.values(), ids=CLEAN)
def test_cleaning(text: str, wanted: str) -> None:
    assert clean(text) == wanted
    assert is_clean(wanted)
    assert is_clean(text) is (text == wanted)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ae\u0301\u0308\u200b\u200d\u00ad\r\n\x00 \u0915\u094d\U0001f468\U000e0061", max_size=20))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert is_clean(clean(text))


SOURCE = "Zu\u0308rich\u200b sea\u2060farer Do\u00adnau"
WORDS = "Z\u00fcrich seafarer Donau"
FORMATS = {
    "txt": ("a.txt", SOURCE),
    "md": ("a.md", f"# {SOURCE}\n\n- {SOURCE}\n\n```\n{SOURCE}\n```\n"),
    "rst": ("a.rst", f"{SOURCE}\n{'=' * 60}\n\n{SOURCE}\n"),
    "org": ("a.org", f"* {SOURCE}\n\n{SOURCE}\n"),
    "py": ("a.py", f"def f():\n    '''{SOURCE}'''\n    return 1\n\n\ndef g():\n    return '{SOURCE}'\n"),
    "yaml": ("a.yaml", f"key: {SOURCE}\n"),
    "csv": ("a.csv", f"id,name\n1,{SOURCE}\n"),
    "json": ("a.json", '{"name": "' + SOURCE + '"}'),
    "json with escapes": ("a.json", '{"name": "Zu\\u0308rich\\u200b sea\\u2060farer Do\\u00adnau"}'),
    "xml": ("a.xml", f"<a><b>{SOURCE}</b></a>"),
    "html": ("a.html", f"<h1>{SOURCE}</h1><p>{SOURCE}</p>"),
    "html with entities": ("a.html", "<p>Zu&#x308;rich&#8203; sea&#x2060;farer Do&shy;nau</p>"),
    "eml": ("a.eml", f"Subject: {SOURCE}\nContent-Type: text/plain; charset=utf-8\n\n{SOURCE}\n"),
    "rtf": ("a.rtf", "{\\rtf1 Zu\\u776?rich sea\\u8288?farer Do\\u173?nau}"),
}


@pytest.mark.parametrize(("uri", "source"), FORMATS.values(), ids=FORMATS)
def test_every_format_gives_clean_text(uri: str, source: str) -> None:
    parsed = parse(source.encode(), uri)
    assert WORDS in parsed.text
    assert is_clean(parsed.text)
    assert is_normalized("NFC", parsed.title or "")
    check(parsed)
    assert all(parsed.text[block.start : block.end].strip() for block in parsed.blocks)


def test_offsets_of_a_parser_that_does_not_clean() -> None:
    text = "Zu\u0308rich\n\nsea\u2060farer\r\n\r\n\u200b"
    blocks = (Block(0, 7, "heading", 1, "Zu\u0308rich", ("Zu\u0308rich",)), Block(9, 18, "paragraph"))
    found = cleaned(ParsedDocument(text, (*blocks, Block(22, 23, "paragraph")), title="Zu\u0308rich"))
    assert [found.text[block.start : block.end] for block in found.blocks] == ["Z\u00fcrich", "seafarer"]
    assert (found.title, found.blocks[0].label, found.blocks[0].heading) == ("Z\u00fcrich",) * 2 + (("Z\u00fcrich",),)
    check(found)

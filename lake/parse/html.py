"""HTML: trims what surrounds the article, then lets unstructured find headings, lists and tables."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line, paragraphs, source_document
from lake.parse.document import ParsedDocument
from lake.parse.text import decode
from lake.parse.unstructured_light import partitioner, write_elements

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_NEVER_TEXT = "script, style, template, noscript, svg, link, meta, iframe, object"
_AROUND_TEXT = "nav, footer, aside, [role=navigation], .headerlink"
#: unstructured drops the terms of definition lists, which hold the signatures of API pages.
_DEFINITIONS = re.compile(r"<(/?)(dt|dd|dl)\b")
_AS_PLAIN = {"dt": "p", "dd": "div", "dl": "div"}
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_SPACE = re.compile(r"\s+")
_BLOCK_TAG = re.compile(r"<(?=/?(?:p|div|li|ul|ol|h[1-6]|tr|table|pre|section|article|blockquote|br|td)\b)")
#: A page's article may be short, but not mere decoration.
_LEAST_ARTICLE = 0.05
_LEAST_KEPT = 0.5
MAX_DEPTH = 250


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data, declared=True)
    parsed = from_text(text, metadata)
    return replace(parsed, omitted=(*omitted, *parsed.omitted))


def from_text(source: str, metadata: dict[str, object] | None = None) -> ParsedDocument:
    """Parse HTML that is already decoded."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(source)
    stated = _stated(tree)
    found = {name: value for name in ("description", "keywords", "date") if (value := _meta(tree, name))}
    return _body(tree, {**stated, "metadata": {**(metadata or {}), **found}})


def _stated(tree: LexborHTMLParser) -> dict[str, str | None]:
    title, root = tree.css_first("head > title") or tree.css_first("title"), tree.css_first("html")
    return {
        "title": (one_line(title.text()) if title else None) or _meta(tree, "title") or None,
        "author": _meta(tree, "author") or None,
        "language": (root.attributes.get("lang") or root.attributes.get("xml:lang")) if root else None,
    }


def _meta(tree: LexborHTMLParser, name: str) -> str:
    node = tree.css_first(f"meta[name='{name}' i]")
    return one_line(node.attributes.get("content") or "") if node else ""


def _body(tree: LexborHTMLParser, stated: dict[str, Any]) -> ParsedDocument:
    tree.strip_tags(_NEVER_TEXT.split(", "))
    body = tree.body
    whole = body.html if body else None
    if body is None or whole is None:
        return ParsedDocument("", ())
    for node in body.css(_AROUND_TEXT):
        node.decompose()
    article = _article(body)
    if article is None:
        return _partitioned(whole, stated)
    return _partitioned(article.html or "", stated, article.text())


def _article(body: LexborNode) -> LexborNode | None:
    """The node that holds the page's own text; None if trimming left no text at all."""
    articles = body.css("article")
    candidates = [*body.css("main, [role=main]"), *(articles if len(articles) == 1 else []), body]
    enough = _LEAST_ARTICLE * _letters(body.text())
    return next((node for node in candidates if _letters(node.text()) > enough), None)


def _partitioned(html: str, stated: dict[str, Any], text: str | None = None) -> ParsedDocument:
    writer = TextWriter()
    plain = _DEFINITIONS.sub(lambda match: f"<{match[1]}{_AS_PLAIN[match[2]]}", html)
    if plain.strip():
        write_elements(partitioner("html")(text=f"<html><body>{plain}</body></html>", languages=[""]), writer)
    parsed = writer.finish(**stated)
    if text is None or _letters(parsed.text) >= _LEAST_KEPT * _letters(text):
        return parsed
    return _flat(html, stated)


def _flat(html: str, stated: dict[str, Any]) -> ParsedDocument:
    """Paragraphs without structure, for pages of which unstructured lost most text."""
    from selectolax.lexbor import LexborHTMLParser

    depth = nesting(html)
    if depth > MAX_DEPTH:
        raise InputError(
            f"elements nested {depth} deep, more than the {MAX_DEPTH} that can be read; flatten it", "too_deep"
        )
    body = LexborHTMLParser(_BLOCK_TAG.sub("\n\n<", html)).body
    text = clean(body.text() if body else "").strip()
    return source_document(text, paragraphs(text), **stated)


def nesting(html: str) -> int:
    """Depth of the deepest element.

    >>> nesting("<p>a<br><b>c</b></p>")
    2
    """
    depth = deepest = 0
    for match in _TAG.finditer(html):
        if match[2].lower() not in _VOID:
            depth += -1 if match[1] else 1
            deepest = max(deepest, depth)
    return deepest


def _letters(text: str) -> int:
    return len(_SPACE.sub("", text))

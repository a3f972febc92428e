"""What a page states in JSON-LD (schema.org) and shows only by a program: its article, answers to questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape, unescape
from typing import TYPE_CHECKING, NamedTuple

from lake.parse.account import words
from lake.parse.web.html_source import shown_attributes

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_TYPE = "application/ld+json"
#: Where an article's words stand, the best first.
_FIELDS = ("articleBody", "text")
#: What a page without a program's help does not show as its own text.
_NOT_OWN = ["script", "style", "noscript", "template", "x-template"]
_OF_QUESTIONS = frozenset(("Question", "Answer"))
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_MARKUP = re.compile(r"<(?:p|br|div|h[1-6]|ul|ol|table)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_BLOCK = re.compile(r"</?(?:p|br|div|h[1-6]|ul|ol|li|table|tr|td)\b[^<>]*>", re.IGNORECASE)
_LINES = re.compile(r"\s*\n\s*")


class Article(NamedTuple):
    """Words of a page's JSON-LD as ``html``, the ``field`` that holds them, and the headline, "" without one."""

    html: str
    field: str
    headline: str


def linked_article(source: str) -> Article | None:
    """The article in the JSON-LD of a prepared page; None if there is none, or if the page has words of its own.

    What a page says to browsers without JavaScript (``noscript``) counts as no words of its own.
    """
    from selectolax.lexbor import LexborHTMLParser

    if _TYPE not in source.lower():
        return None
    tree = LexborHTMLParser(source)
    stated = [one for one in _objects(tree) if not _types(one) & _OF_QUESTIONS]
    for field in _FIELDS:
        found = {text: _words_in(one, "headline") for one in stated if (text := _words_in(one, field))}
        if found and not _has_words(tree):
            return Article("".join(map(_as_html, found)), field, next(filter(None, found.values()), ""))
    return None


def unseen_answers(source: str, shown: str) -> str:
    """The questions of a prepared page's JSON-LD with the answers that the text ``shown`` lacks, as HTML."""
    from selectolax.lexbor import LexborHTMLParser

    if _TYPE not in source.lower() or "Question" not in source:
        return ""
    seen = f" {' '.join(words(shown))} "
    found: dict[str, None] = {}
    for one in _objects(LexborHTMLParser(source)):
        if "Question" not in _types(one):
            continue
        question = _words_in(one, "name") or _words_in(one, "text")
        missing = [answer for answer in _answers(one) if f" {' '.join(words(_plain(answer)))} " not in seen]
        if missing:
            found[f"<h2>{escape(_plain(question))}</h2>{''.join(map(_answer_as_html, missing))}"] = None
    return "".join(found)


def _answers(question: dict[str, object]) -> Iterator[str]:
    for field in ("acceptedAnswer", "suggestedAnswer"):
        value = question.get(field)
        for answer in value if isinstance(value, list) else [value]:
            if isinstance(answer, dict) and (text := _words_in(answer, "text")):
                yield unescape(text) if "&lt;" in text else text


def _types(stated: dict[str, object]) -> frozenset[str]:
    value = stated.get("@type")
    return frozenset(one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))


def _plain(text: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(_BLOCK.sub(" ", text)).body
    return " ".join(body.text().split()) if body else ""


def _objects(tree: LexborHTMLParser) -> Iterator[dict[str, object]]:
    """Each JSON object of a page's JSON-LD, in order; a script that is no JSON holds none."""
    for node in tree.css("script"):
        if (node.attributes.get("type") or "").partition(";")[0].strip().lower() != _TYPE:
            continue
        try:
            left = [json.loads(_bare(node.text()), strict=False)]
        except (ValueError, RecursionError):
            continue
        while left:
            one = left.pop()
            if isinstance(one, dict):
                yield one
                left += reversed(one.values())
            elif isinstance(one, list):
                left += reversed(one)


def _bare(script: str) -> str:
    """A script's value without the comment or CDATA around it."""
    text = _CDATA.sub("", script)
    start = min((at for sign in "[{" if (at := text.find(sign)) >= 0), default=0)
    return text[start : max(text.rfind(sign) for sign in "]}") + 1]


def _words_in(stated: dict[str, object], field: str) -> str:
    """The text of a field; "" if it holds no words."""
    value = stated.get(field)
    return value.strip() if isinstance(value, str) and any(map(str.isalnum, value)) else ""


def _has_words(tree: LexborHTMLParser) -> bool:
    """Whether a page, whose programs are removed from ``tree``, shows words."""
    tree.strip_tags(_NOT_OWN)
    texts = [tree.body.text() if tree.body else "", *shown_attributes(tree)]
    return any(map(str.isalnum, "".join(texts)))


def _answer_as_html(text: str) -> str:
    """An answer, which may hold any markup, unlike an article."""
    return f"<div>{text}</div>" if _TAG.search(text) else _as_html(text)


def _as_html(text: str) -> str:
    if _MARKUP.search(text):
        return f"<div>{text}</div>"
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in _LINES.split(text))

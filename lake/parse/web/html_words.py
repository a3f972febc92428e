"""Words of elements that are not read child by child: ruby, formulas, drawings, scripts; and what attributes state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import one_line

if TYPE_CHECKING:
    from lake.parse.web.html_sink import Sink

#: A LexborNode; see ``html_walk``.
WordsNode = Any

#: Attributes by which a part of a drawn text stands at a place of its own.
_PLACES = frozenset(("x", "y", "dy"))
_MATH_SIGNS = {"msup": "^", "msub": "_", "mfrac": "/"}
_LANGUAGE = re.compile(r"(?:^|\s)(?:language-|lang-|highlight-(?:source-)?|brush:\s*)([\w+#-]+)")
_NO_LANGUAGES = frozenset(("default", "none", "text", "plain", "plaintext", "nohighlight", "source"))


def ruby_words(node: WordsNode) -> Iterator[str]:
    """Words, then how they are read, in brackets."""
    readings: list[str] = []
    for child in node.traverse(include_text=True):
        parents = {tag for tag in (child.parent.tag, child.parent.parent.tag if child.parent.parent else "")}
        if child.is_text_node and not parents & {"rt", "rtc", "rp"}:
            yield child.text_content.strip("\n")
        elif child.tag == "rt" or (child.tag == "rtc" and not child.css_first("rt")):
            readings.append(one_line(child.text()))
    if any(readings):
        yield f"({' '.join(filter(None, readings)) if _has_spaces(readings) else ''.join(readings)})"


def _has_spaces(texts: Sequence[str]) -> bool:
    return any(text.isascii() for text in texts)


def formula_words(node: WordsNode, sink: Sink) -> Iterator[str]:
    """A formula of MathML in one line; its annotations repeat it."""
    sign = ""
    for child in node.iter(include_text=True):
        if child.is_element_node:
            yield sign
            sign = _MATH_SIGNS.get(node.tag or "", "")
        if child.is_text_node:
            yield child.text_content
        elif child.tag in ("annotation", "annotation-xml"):
            sink.omit("repeated", one_line(child.text(separator=" ")), "formula")
        elif child.is_element_node:
            yield from formula_words(child, sink)
            yield " "


def drawing_words(node: WordsNode, sink: Sink) -> Iterator[str]:
    """The texts of a drawing, without its programs; a part of a text stands apart if it states its own place."""
    for child in node.traverse(include_text=True):
        if child.is_text_node and child.parent.tag in ("script", "style"):
            sink.omit("script", child.text_content)
        elif child.is_text_node:
            yield child.text_content
        elif child.tag != "tspan" or not _PLACES.isdisjoint(child.attributes):
            yield " "


def script_words(node: WordsNode, sink: Sink) -> Iterator[str]:
    """The source of a formula, unless the page shows what MathJax drew of it; other scripts are left out."""
    text = node.text()
    if (node.tag == "script" and text) and (node.attributes.get("type") or "").lower().startswith("math/"):
        if _is_drawn_before(node):
            sink.omit("repeated", text, "formula")
        else:
            yield f" {text} "
    elif text:
        sink.omit("script", text)


def _is_drawn_before(formula: WordsNode) -> bool:
    """Whether a saved page shows what MathJax drew of a formula's source right before that source."""
    drawn = formula.prev
    while drawn is not None and drawn.is_text_node and drawn.text_content.isspace():
        drawn = drawn.prev
    if drawn is None or not drawn.is_element_node:
        return False
    return "MathJax" in (drawn.attributes.get("class") or "") and bool(drawn.text().strip())


def language_of(code: WordsNode) -> str:
    """The language that a listing states by a class; \"\" if it states none."""
    inner = code.css_first("code")
    around = code.parent
    for node in (code, inner, around, around.parent if around is not None else None):
        name = node.attributes.get("class") if node is not None and node.is_element_node else None
        found = _LANGUAGE.search(name) if name else None
        if found:
            language = found[1].lower()
            return "" if language in _NO_LANGUAGES else language
    return ""


def number_of(value: str | None, otherwise: int) -> int:
    try:
        return int(value[:6]) if value else otherwise
    except ValueError:
        return otherwise

"""Words of drawings that a notebook keeps as text: SVG, and figures of Plotly and Vega."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from lake.parse.canonical import one_line
from lake.parse.web import html

SVG = "image/svg+xml"
_FIGURE = re.compile(r"application/vnd\.(plotly|vega|vegalite)\.v\d+\+json")
#: Elements of SVG whose text is not drawn.
_UNDRAWN = re.compile(r"<(/?)(?:metadata|defs|style|script)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
#: Members of a figure whose texts are drawn, also those of its axes, legends and notes.
_TITLES = frozenset(("title", "subtitle", "text", "labels", "label", "caption", "description", "hovertext", "ticktext"))
_SERIES = _TITLES | {"name", "x", "y", "z"}
#: A member that holds the same defaults in every figure.
_DEFAULTS = "template"
_WORD = re.compile(r"[^\W\d_]{2}")


def drawn_words(form: str, value: Any) -> str:
    """The words that a drawing shows, a line each; empty for other forms, and for drawings of paths alone."""
    if form == SVG:
        return html.from_text(f"<body>{_drawn_part(_joined(value))}", whole=True).text
    figure = _FIGURE.fullmatch(form)
    if figure is None:
        return ""
    shown = _strings(value, _SERIES if figure[1] == "plotly" else _TITLES, is_shown=False)
    return "\n".join(dict.fromkeys(filter(_WORD.search, map(one_line, shown))))


def drawn_reading(form: str, value: Any) -> str:
    """The same words by another reading, as far as there is one."""
    return unescape(_TAG.sub(" ", _drawn_part(_joined(value)))) if form == SVG else drawn_words(form, value)


def _drawn_part(svg: str) -> str:
    """The source without elements whose text is not drawn; one without an end reaches to the end of the source."""
    pieces: list[str] = []
    depth = start = 0
    for tag in _UNDRAWN.finditer(svg):
        if tag[1] and depth:
            depth -= 1
            start = start if depth else tag.end()
        elif not tag[1] and not tag[0].endswith("/>"):
            if not depth:
                pieces.append(svg[start : tag.start()])
            depth += 1
    return " ".join([*pieces, "" if depth else svg[start:]])


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else ""


def _strings(value: Any, keys: frozenset[str], *, is_shown: bool) -> Iterator[str]:
    """Texts below the members called one of ``keys``, without their tags."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != _DEFAULTS:
                yield from _strings(inner, keys, is_shown=key in keys)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, keys, is_shown=is_shown)
    elif isinstance(value, str) and is_shown:
        yield _TAG.sub(" ", value)

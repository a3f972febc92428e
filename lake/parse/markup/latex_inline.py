"""Commands of LaTeX inside a sentence: addresses, notes, listings in a line, quantities, quotations, raised words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lake.parse.canonical import runs_into
from lake.parse.markup.latex_blocks import BREAK
from lake.parse.markup.latex_source import argument, group, option
from lake.parse.markup.latex_walk import LatexCommand, LatexWalk


def _address(walk: LatexWalk, name: str, source: str, at: int) -> int:
    found = group(source, at)
    if found is None:
        return at
    if name == "href" and (shown := group(source, found[1])):
        walk.read(shown[0])
        return shown[1]
    walk.blocks.text.append(re.sub(r"\\([%#&_~{}])", r"\1", found[0]))
    return found[1]


def _note(walk: LatexWalk, name: str, source: str, at: int) -> int:
    found = option(source, at)
    at = found[1] if found else at
    if name == "footnotemark":
        walk.blocks.text.append(f" [{found[0] if found else walk.blocks.notes.n + 1}]")
        return at
    value, at = argument(source, at)
    walk.blocks.notes.n += not (found and name == "footnotetext")
    mark = found[0] if found and name == "footnotetext" else str(walk.blocks.notes.n)
    if name != "footnotetext":
        walk.blocks.text.append(f" [{mark}]")
    walk.blocks.notes.lines.append(f"[{mark}] {walk.words(value)}")
    return at


def _verb(walk: LatexWalk, name: str, source: str, at: int) -> int:
    found = option(source, at)
    at = found[1] if found else at
    if name == "mintinline":
        at = argument(source, at)[1]
    sign = source[at : at + 1]
    if sign == "{":
        inner = group(source, at)
        if inner:
            walk.blocks.text.append(inner[0])
            return inner[1]
    end = source.find(sign, at + 1) if sign else -1
    if end < 0:
        return at
    walk.blocks.text.append(source[at + 1 : end])
    return end + 1


def _break(walk: LatexWalk, name: str, source: str, at: int) -> int:
    walk.blocks.flush()
    return at


def _line_break(walk: LatexWalk, name: str, source: str, at: int) -> int:
    walk.blocks.text.append(BREAK)
    return at


def _raised(walk: LatexWalk, name: str, source: str, at: int) -> int:
    value, at = argument(source, at)
    words = walk.words(value)
    before = next((text for text in reversed(walk.blocks.text) if text), "")
    walk.blocks.text.append(f"^{words}" if runs_into(before, words) else words)
    return at


def _quantity(walk: LatexWalk, name: str, source: str, at: int) -> int:
    """A number and its unit, whose commands are its words; a sign behind it stands next to it."""
    parts = list[str]()
    while found := option(source, at) or group(source, at):
        if source[at : at + 1] not in "{[":
            break
        if source[at] == "{":
            parts.append(re.sub(r"\\([a-zA-Z]+)", r" \1", found[0]).strip())
        at = found[1]
    walk.blocks.text.append(" ".join(parts))
    return at


def _quoted(walk: LatexWalk, name: str, source: str, at: int) -> int:
    value, at = argument(source, at)
    walk.blocks.text.append("\u201c")
    walk.read(value)
    walk.blocks.text.append("\u201d")
    return at


_NOTES = "footnote footnotetext footnotemark thanks endnote sidenote marginnote marginpar"
_BREAKS = "par newpage clearpage pagebreak bigskip medskip smallskip hrule cleardoublepage"
INLINE: Mapping[str, LatexCommand] = {
    **dict.fromkeys(_NOTES.split(), _note),
    **dict.fromkeys(("url", "href", "path", "nolinkurl"), _address),
    **dict.fromkeys(("verb", "lstinline", "mintinline", "Verb"), _verb),
    **dict.fromkeys(_BREAKS.split(), _break),
    **dict.fromkeys(("newline", "linebreak", "tabularnewline"), _line_break),
    **dict.fromkeys(("SI", "si", "qty", "unit", "SIrange", "qtyrange", "num", "ang"), _quantity),
    "textsuperscript": _raised,
    **dict.fromkeys(("enquote", "textquote"), _quoted),
}

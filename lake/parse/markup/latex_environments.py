"""Environments of LaTeX, from their beginning to their end: lists, quotations, tables and their captions, listings."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lake.parse.markup.latex_commands import BOXES, DROPPED, LISTS, NUMBERED, QUOTES, THEOREMS, WITH_ARGUMENTS
from lake.parse.markup.latex_source import MATH, VERBATIM, argument, group, option, reading
from lake.parse.markup.latex_tables import TABLES, rows_of, texts_of
from lake.parse.markup.latex_walk import PLACEMENT, LatexCommand, LatexWalk

_LANGUAGE = re.compile(r"language\s*=\s*(?:\{?\[[^\]]*\])?\{?([\w+#]+)", re.IGNORECASE)
#: The slides of a presentation on which something is shown.
_OVERLAY = re.compile(r"\s*<[\d,.+@a-z:|-]*>")


def _caption(walk: LatexWalk, name: str, source: str, at: int) -> int:
    if name == "captionof":
        at = argument(source, at)[1]
    found = option(source, at)
    if found:
        walk.blocks.writer.omit("repeated", reading(found[0], DROPPED), "short titles")
        at = found[1]
    value, at = argument(source, at)
    if walk.blocks.flat:
        walk.blocks.text.append(f" {walk.words(value)} ")
    else:
        walk.blocks.flush()
        walk.blocks.paragraph(walk.words(value))
    return at


def _item(walk: LatexWalk, name: str, source: str, at: int) -> int:
    walk.blocks.flush()
    label = ""
    if found := option(source, at):
        label = walk.words(found[0])
        at = found[1]
    if name == "bibitem":
        key, at = argument(source, at)
        if label:
            walk.blocks.writer.omit("decoration", key, "keys")
        label = f"[{label or key}]"
    walk.blocks.item(label)
    return at


def _begin(walk: LatexWalk, name: str, source: str, at: int) -> int:
    kind, at = argument(source, at)
    base = kind.rstrip("*")
    is_verbatim = re.fullmatch(VERBATIM, kind) is not None
    if is_verbatim or base in MATH or base in TABLES:
        end = _end_of(source, at, kind, nests=not is_verbatim)
        inner = source[at : end[0]]
        if is_verbatim:
            _listing(walk, kind, inner)
        elif base in MATH:
            walk.blocks.flush()
            walk.blocks.paragraph(re.sub(r"\\label\{[^{}]*\}|\\nonumber\b", "", inner).strip())
        else:
            _table(walk, base, inner)
        return end[1]
    words, at = _options(walk, source, at)
    for _ in range(WITH_ARGUMENTS.get(base, 0)):
        if found := group(source, at):
            at = found[1]
    _open(walk, base, "" if base == "frame" else words)
    if base in ("frame", *BOXES):
        if overlay := _OVERLAY.match(source, at):
            at = overlay.end()
        while source[at : at + 1] == "{" and (title := group(source, at)):
            walk.blocks.interrupt()
            words = walk.words(title[0])
            if base == "frame":
                walk.blocks.writer.heading(words, 2)
            else:
                walk.blocks.paragraph(words)
            at = title[1]
    return at


def _options(walk: LatexWalk, source: str, at: int) -> tuple[str, int]:
    words = ""
    while found := option(source, at):
        at = found[1]
        if not PLACEMENT.fullmatch(found[0]):
            words = walk.words(found[0])
    return words, at


def _open(walk: LatexWalk, base: str, words: str) -> None:
    if base in LISTS:
        walk.blocks.open_list(1 if base in NUMBERED else None)
        return
    walk.blocks.flush()
    if base in QUOTES:
        walk.blocks.n_quotes += 1
    elif base == "abstract" and not walk.blocks.flat:
        walk.blocks.interrupt()
        walk.blocks.writer.heading("Abstract", 2)
    elif base in THEOREMS:
        walk.blocks.text.append(f"{base.capitalize()} ({words}). " if words else f"{base.capitalize()}. ")
    elif words:
        walk.blocks.text.append(f"{words} ")


def _end(walk: LatexWalk, name: str, source: str, at: int) -> int:
    kind, at = argument(source, at)
    walk.blocks.flush()
    base = kind.rstrip("*")
    if base in QUOTES and walk.blocks.n_quotes:
        walk.blocks.n_quotes -= 1
    elif base in LISTS:
        walk.blocks.close_list()
    return at


def _listing(walk: LatexWalk, kind: str, inner: str) -> None:
    found, at, language = option(inner, 0) if inner[:1] == "[" else None, 0, ""
    if found and kind not in ("verbatim", "alltt"):
        at = found[1]
        if match := _LANGUAGE.search(found[0]):
            language = match[1].lower()
        if title := re.search(r"(?:caption|title)\s*=\s*(\{[^{}]*\}|[^,]*)", found[0]):
            walk.blocks.flush()
            walk.blocks.paragraph(walk.words(title[1].strip("{}")))
    if kind in ("minted", "filecontents", "filecontents*", "picture") and (named := group(inner, at)):
        language, at = (named[0].strip().lower() if kind == "minted" else language), named[1]
    if walk.blocks.flat:
        walk.blocks.text.append(f" {inner[at:]} ")
        return
    walk.blocks.interrupt()
    walk.blocks.writer.code(inner[at:], language if re.fullmatch(r"[\w+#-]*", language) else "")


def _table(walk: LatexWalk, base: str, inner: str) -> None:
    walk.blocks.interrupt()
    rows, captions, later = rows_of(base, inner)
    if later:
        walk.blocks.writer.omit("repeated", reading(later, DROPPED), "rows on later pages")
    texts = texts_of(rows, walk.words)
    if walk.blocks.flat:
        walk.blocks.text.append(" ".join(" ".join(filter(None, row)) for row in texts))
        return
    for caption in captions:
        walk.blocks.writer.add(walk.words(caption))
    if max((sum(map(bool, row)) for row in texts), default=0) < 2:
        for row in texts:
            walk.blocks.writer.add(next(filter(None, row)))
    else:
        walk.blocks.writer.table(texts)
    walk.blocks.flush()


def _end_of(source: str, at: int, kind: str, *, nests: bool) -> tuple[int, int]:
    """Where an environment's content ends and where its end does; one inside of the same kind is passed over."""
    depth = 1
    for match in re.compile(rf"\\({'begin|' if nests else ''}end)\s*\{{{re.escape(kind)}\}}").finditer(source, at):
        depth += 1 if match[1] == "begin" else -1
        if not depth:
            return match.start(), match.end()
    return len(source), len(source)


ENVIRONMENTS: Mapping[str, LatexCommand] = {
    "begin": _begin,
    "end": _end,
    **dict.fromkeys(("item", "bibitem", "task", "question"), _item),
    **dict.fromkeys(("caption", "captionof", "subcaption"), _caption),
}

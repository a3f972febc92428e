"""Title, authors and date of LaTeX, wherever they are printed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lake.parse.canonical import one_line
from lake.parse.markup.latex_blocks import BREAK
from lake.parse.markup.latex_commands import STATED
from lake.parse.markup.latex_source import argument, option
from lake.parse.markup.latex_walk import LatexCommand, LatexWalk

_AND = re.compile(r"\s*\\(?:and|And|AND)\b\s*")
_NOTE_MARK = re.compile(r"\s*\[\d+\]")


def write_front(walk: LatexWalk, stated: dict[str, str]) -> None:
    """Write what stands in front of the text: title, authors, date."""
    walk.blocks.interrupt()
    for name, value in stated.items():
        words = one_line(walk.words(_AND.sub(", ", value)).replace(BREAK, " "))
        if name == "title" and words:
            walk.title = _NOTE_MARK.sub("", words)
            walk.blocks.writer.heading(words, 1)
        elif words:
            walk.blocks.writer.add(words)
    walk.blocks.interrupt()


def author_of(walk: LatexWalk, value: str) -> str:
    """Names without marks of notes."""
    return _NOTE_MARK.sub("", walk.words(_AND.sub(", ", value)))


def _front_matter(walk: LatexWalk, name: str, source: str, at: int) -> int:
    """Title, author and the like among the text, as in classes that want them there."""
    found = option(source, at)
    value, at = argument(source, found[1] if found else at)
    if name == "title" and not walk.blocks.flat:
        write_front(walk, {"title": value})
    else:
        walk.blocks.flush()
        walk.read(value)
        walk.blocks.flush()
    return at


def _title_page(walk: LatexWalk, name: str, source: str, at: int) -> int:
    stated, walk.stated = walk.stated, {}
    write_front(walk, stated)
    return at


FRONT: Mapping[str, LatexCommand] = {
    **dict.fromkeys((*STATED, "affil"), _front_matter),
    **dict.fromkeys(("maketitle", "titlepage"), _title_page),
}

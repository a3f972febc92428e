"""Rights that a document states where they have no effect: nobody may see it until they stand in the right place."""

from __future__ import annotations

import re

from lake.parse.document import Omission
from lake.parse.markup.front_matter import (
    CLOSING,
    FENCE_LIKE,
    LONGEST,
    OPENING,
    FrontMatter,
    closed,
    first_word,
    split_front_matter,
)
from lake.parse.markup.front_matter_fields import as_meant, is_acl, names_rights

_WHY = "only Markdown has front matter"
#: Characters up to the closing fence of front matter that is written in paragraphs.
_LONGEST_IN_PARAGRAPHS = 1 << 12


def misplaced_rights(source: str) -> FrontMatter:
    """The front matter of a format that has none: only an acl, None, if the text begins with a block that names one.

    Fences are taken exactly here, since rules and underlines are usual in plain text.
    """
    start = first_word(source)
    opening = OPENING.match(source[start : start + 80])
    if not opening:
        return FrontMatter({}, source)
    body = start + opening.end()
    closing = CLOSING[opening[1]].search(source, body)
    block = source[body : closing.start() if closing else body + LONGEST]
    if names_rights(block if closing else f"\n{block}".partition("\n\n")[0]):
        return closed(source, _WHY)
    return FrontMatter({}, source)


def rights_of_part(source: str, *, is_markdown: bool = False) -> tuple[Omission, ...]:
    """Why nobody may see a document that contains this text as a part of its own: the text states who may see it.

    Empty if it does not.
    """
    found = split_front_matter(source) if is_markdown else misplaced_rights(source)
    if not any(map(is_acl, found.fields)):
        return ()
    return found.omitted or closed(source, "only for a part of the document").omitted


def rights_in_paragraphs(text: str) -> tuple[Omission, ...]:
    """Why nobody may see a document of Word, PDF or the like, whose first paragraphs are front matter with an acl.

    Empty if they are not. Both fences must be there, since rules and dashes are usual in such documents.
    """
    text = text.removeprefix("```\n")
    head = re.sub(r"\n+", "\n", as_meant(text[: 2 * _LONGEST_IN_PARAGRAPHS]))
    opening = FENCE_LIKE.match(head, first_word(head))
    closing = opening and FENCE_LIKE.search(head, opening.end(), opening.end() + _LONGEST_IN_PARAGRAPHS)
    if opening and closing and names_rights(head[opening.end() : closing.start()]):
        return closed(text, _WHY).omitted
    return ()

"""HTML: writes the text of a page block by block, without what surrounds the article."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import TextWriter, one_line
from lake.parse.document import Omission, ParsedDocument
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.pictures import Pictures
from lake.parse.text import decode
from lake.parse.web.html_blocks import BLOCKS, MARKED
from lake.parse.web.html_inline import INLINE
from lake.parse.web.html_linked_data import linked_article, unseen_answers
from lake.parse.web.html_marks import marks_of
from lake.parse.web.html_parts import write_names
from lake.parse.web.html_pictures import EmbeddedPictures
from lake.parse.web.html_source import prepared, reading
from lake.parse.web.html_walk import PageReaders, Walk

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_READERS = PageReaders({**BLOCKS, **INLINE}, MARKED)


def parse(data: bytes, suffix: str) -> ParsedDocument:
    pictures = Pictures()
    parsed = from_bytes(data, xhtml=suffix in (".xhtml", ".xht"), pictures=EmbeddedPictures(pictures, lambda _: None))
    omitted = (*parsed.omitted, *pictures.problems)
    return replace(parsed, metadata={**parsed.metadata, **pictures.metadata()}, omitted=omitted)


def from_bytes(
    data: bytes,
    *,
    xhtml: bool = False,
    whole: bool = False,
    pictures: EmbeddedPictures | None = None,
    names: Mapping[str, str] | None = None,
) -> ParsedDocument:
    """Parse HTML in any encoding; see ``from_text``."""
    text, metadata, omitted = decode(data, declared=True)
    rights = misplaced_rights(text)
    metadata, omitted = {**metadata, **rights.fields}, (*omitted, *rights.omitted)
    parsed = from_text(text, metadata, xhtml=xhtml, whole=whole, pictures=pictures, names=names)
    return replace(parsed, omitted=(*omitted, *parsed.omitted))


def from_text(
    source: str,
    metadata: dict[str, object] | None = None,
    *,
    xhtml: bool = False,
    whole: bool = False,
    pictures: EmbeddedPictures | None = None,
    names: Mapping[str, str] | None = None,
) -> ParsedDocument:
    """Parse HTML that is already decoded.

    ``xhtml`` says that elements may close themselves, as does a declaration in the source. With ``whole``, all of the
    page is its article, so that only navigation is left out. ``pictures`` reads the page's pictures. ``names``
    are those of its parts in a table of contents, by the ids where they begin: headings of a page that has none.
    """
    from selectolax.lexbor import LexborHTMLParser

    source = prepared(source, xhtml=xhtml)
    article = linked_article(source)
    if article:
        source += prepared(article.html)
    tree = LexborHTMLParser(source)
    found = {name: value for name in ("description", "keywords", "date") if (value := _meta(tree, name))}
    stated: dict[str, Any] = {**_stated(tree), "metadata": {**(metadata or {}), **found}}
    if article:
        stated["title"] = stated["title"] or one_line(article.headline) or None
        stated["omitted"] = (Omission("script", 0, f"JSON-LD: its {article.field} is read, as the page has no words"),)
    if tree.body is None:
        return ParsedDocument("", (), **stated)
    read = pictures.write_into(tree) if pictures else []
    if names and len(names) > 1:
        write_names(tree, names)
    parsed = _walked(tree, stated, whole=whole)
    if answers := unseen_answers(source, parsed.text):
        source += f"<section>{prepared(answers)}</section>"
        tree = LexborHTMLParser(source)
        read = pictures.write_into(tree) if pictures else []
        place = "JSON-LD: answers are read that the page does not show"
        stated["omitted"] = (*stated.get("omitted", ()), Omission("script", 0, place))
        parsed = _walked(tree, stated, whole=whole)
    if not parsed.blocks and any(one.n_words for one in parsed.omitted):
        parsed = _walked(tree, stated, whole=whole, everything=True)
    return replace(parsed, source_text="\n".join([reading(source), *read]))


def _walked(tree: LexborHTMLParser, stated: dict[str, Any], **how: bool) -> ParsedDocument:
    writer = TextWriter()
    Walk(writer, marks_of(tree, **how), _READERS).write(tree.body)
    return writer.finish(**stated)


def _stated(tree: LexborHTMLParser) -> dict[str, str | None]:
    titles = [node for node in tree.css("title") if node.parent is None or node.parent.tag != "svg"]
    title, root = titles[0] if titles else None, tree.css_first("html")
    return {
        "title": (one_line(title.text()) if title else None) or _meta(tree, "title") or None,
        "author": _meta(tree, "author") or None,
        "language": (root.attributes.get("lang") or root.attributes.get("xml:lang")) if root else None,
    }


def _meta(tree: LexborHTMLParser, name: str) -> str:
    node = tree.css_first(f"meta[name='{name}' i]")
    return one_line(node.attributes.get("content") or "") if node else ""

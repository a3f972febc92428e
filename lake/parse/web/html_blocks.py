"""Blocks of a page: headings, quotations, lists, listings and frames."""

from __future__ import annotations

from collections.abc import Mapping

from lake.parse.web.html_inline import apart, raised
from lake.parse.web.html_marks import LINE_NUMBERS
from lake.parse.web.html_source import BORDERS, prepared
from lake.parse.web.html_table_walk import role_table, table
from lake.parse.web.html_walk import BREAK, MAX_DEPTH, Node, NodeReader, Walk
from lake.parse.web.html_words import language_of, number_of

_LONGEST_HEADING = 300
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NOT_PLAIN_CODE = f"br, img, div, p, li, sup, input, button, table, script, {LINE_NUMBERS}, [hidden], [style]"


def _heading(walk: Walk, node: Node) -> None:
    text = walk.words(node)
    level = int(node.tag[1]) if node.tag in _HEADINGS else number_of(node.attributes.get("aria-level"), 2)
    if walk.flat or walk.n_quotes or len(text) > _LONGEST_HEADING:
        walk.flush()
        walk.paragraph(text)
    elif text:
        walk.interrupt()
        walk.sink.heading(text, level)


def _quote(walk: Walk, node: Node) -> None:
    walk.flush()
    walk.n_quotes += 1
    walk.children(node)
    walk.flush()
    walk.n_quotes -= 1


def _list(walk: Walk, node: Node) -> None:
    if walk.lists.is_open:
        walk.flush()
    else:
        walk.interrupt()
    walk.lists.open(node)
    walk.children(node)
    walk.flush()
    walk.lists.close()


def _item(walk: Walk, node: Node) -> None:
    walk.flush()
    walk.lists.open_item(node)
    walk.children(node)
    walk.flush()
    walk.lists.close_item()


def _code(walk: Walk, node: Node) -> None:
    if walk.verbatim:
        walk.block(node)
        return
    inner = walk.inner(walk.sink)
    if node.css_first(_NOT_PLAIN_CODE):
        inner.verbatim = 1
        inner.children(node)
        text = "".join(inner.text).replace(BREAK, "\n")
    else:
        text = node.text()
    walk.interrupt()
    walk.sink.code(text, language_of(node))


def _rule(walk: Walk, node: Node) -> None:
    walk.flush()


def _frame(walk: Walk, node: Node) -> None:
    """Read a frame's own page, or what stands in for it."""
    from selectolax.lexbor import LexborHTMLParser

    walk.flush()
    page = node.attributes.get("srcdoc")
    if page and walk.depth < MAX_DEPTH:
        walk.depth += MAX_DEPTH // 4
        body = LexborHTMLParser(prepared(page)).body
        if body:
            walk.children(body)
        walk.depth -= MAX_DEPTH // 4
        walk.flush()
    walk.children(node)
    walk.flush()


BLOCKS: Mapping[str, NodeReader] = {
    **dict.fromkeys(BORDERS, Walk.block),
    **dict.fromkeys(_HEADINGS, _heading),
    **dict.fromkeys(("ul", "ol", "menu", "dir"), _list),
    **dict.fromkeys(("pre", "xmp", "listing", "plaintext"), _code),
    **dict.fromkeys(("iframe", "x-iframe", "x-frame"), _frame),
    **dict.fromkeys(("td", "th", "select", "datalist"), Walk.block),
    "li": _item,
    "blockquote": _quote,
    "table": table,
    "hr": _rule,
}
#: Readers of what is marked, by their action.
MARKED: Mapping[str, NodeReader] = {
    "heading": _heading,
    "cell": Walk.block,
    "apart": apart,
    "grid": role_table,
    "raised": raised,
}

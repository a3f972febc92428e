"""Which nodes of a page are navigation, hidden, decoration or its article, found before the page is walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lake.parse.document import OmissionKind
from lake.parse.web.html_notes import note_marks, raised_spans
from lake.parse.web.html_source import BORDERS
from lake.parse.web.html_states import is_opened, is_slide, opened_ids
from lake.parse.web.html_styles import apart, is_unseen

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

Action = Literal["region", "outer", "noteref", "raised", "heading", "grid", "cell", "apart"] | OmissionKind

_SPACE = re.compile(r"\s+")
_LANDMARKS = ("header", "footer", "aside")
_ROLES = frozenset(("banner", "contentinfo", "complementary", "search", "navigation"))
#: Names that people give to what surrounds an article.
_SURROUNDING = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|footer|header|masthead|toc|banner|cookies?|skip|related"
    r"|pagination|pager|copyright|topbar|toolbar|search|social|share|sharing)(?:$|[\s_-])|sidebar",
    re.IGNORECASE,
)
#: Surroundings in which a page's title may stand.
_HEADS = frozenset(("", "header", "masthead", "banner"))
#: Elements in which an article is one of somebody else, and classes of what readers wrote below a text.
_QUOTING = ("aside", "blockquote", "figure")
_COMMENT = re.compile(r"(?:^|[\s_-])(?:comments?|reply|replies|reviews?)(?:$|[\s_-])", re.IGNORECASE)
_COPYRIGHT = re.compile(r"\u00a9|\bcopyright\b|\ball rights reserved\b", re.IGNORECASE)
_LONGEST_COPYRIGHT = 300
#: A page's article may be short, but not mere decoration.
_LEAST_ARTICLE = 0.05
_MOST_LINKED = 0.5
#: What programs call the numbers of a listing's lines.
_LINE_NUMBERS = frozenset(
    (
        *("gutter", "hljs-ln-numbers", "line-number", "line-numbers", "lineno", "linenos", "linenumber", "ln", "lnt"),
        "react-syntax-highlighter-line-number",
    )
)
LINE_NUMBERS = ", ".join(f".{name}" for name in sorted(_LINE_NUMBERS))
#: Roles of tables and cells that are made of other elements.
GRIDS = ("table", "grid", "treegrid")
CELLS = ("cell", "columnheader", "gridcell", "rowheader")
_SIGNS = frozenset(("headerlink", "anchor", "anchor-link", "permalink"))
_MARKED = (
    "nav, header, footer, aside, amp-sidebar, [role], [hidden], [aria-hidden], [style], [class*=breadcrumb],"
    f" [id*=breadcrumb], .anchor, .anchor-link, .headerlink, .mw-editsection, .permalink, {LINE_NUMBERS}"
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What to do with nodes, by ``mem_id``; ``has_regions`` if the page has an article and surroundings."""

    actions: dict[int, Action] = field(default_factory=dict)
    has_regions: bool = False

    def surrounds(self, node: LexborNode) -> str:
        """The name under which a node outside the article is left out; "" if it is text."""
        attributes = node.attributes
        if node.tag in _LANDMARKS:
            return str(node.tag)
        if attributes.get("role") in _ROLES:
            return str(attributes["role"])
        for name in ("id", "class"):
            found = _SURROUNDING.search(attributes.get(name) or "")
            if found:
                return found[0].strip("_- \t\n").lower()
        return ""


def marks_of(tree: LexborHTMLParser, *, whole: bool, everything: bool = False) -> Marks:
    """The marks of a page; ``whole`` if nothing surrounds its article, as in a book's chapter.

    ``everything`` marks nothing as navigation or hidden, for pages that have no other text.
    """
    body = tree.body
    assert body is not None
    regions = [] if whole or everything else _regions(tree, body)
    actions: dict[int, Action] = {}
    ids = opened_ids(tree)
    for node in apart(body):
        if node.tag not in BORDERS:
            actions[node.mem_id] = "apart"
    for node in body.css(_MARKED):
        action = _action(node, bool(regions) or whole, ids)
        if action and not (everything and action in ("navigation", "hidden")):
            actions[node.mem_id] = action
    if not everything:
        _mark_repeated(body, actions)
    for node in body.css("a") if b"noteref" in (tree.raw_html or b"") else ():
        if "noteref" in f"{node.attributes.get('role')} {node.attributes.get('epub:type')}":
            actions[node.mem_id] = "noteref"
    for node in raised_spans(tree):
        actions.setdefault(node.mem_id, "raised")
    for node in note_marks(body):
        actions.setdefault(node.mem_id, "noteref")
    for region in regions:
        actions.update((parent.mem_id, "outer") for parent in _ancestors(region, body))
    actions.update((region.mem_id, "region") for region in regions)
    for title in _titles_outside(regions, body):
        for parent in _ancestors(title, body):
            actions.setdefault(parent.mem_id, "outer")
    return Marks(actions, bool(regions))


def _ancestors(node: LexborNode, body: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None and parent.mem_id != body.mem_id:
        yield parent
        parent = parent.parent


def _titles_outside(regions: list[LexborNode], body: LexborNode) -> list[LexborNode]:
    """The page's title if it stands above an article that has none; a mere link names the site."""
    if not regions or any(region.css_first("h1") for region in regions):
        return []
    titles = [title for title in body.css("h1") if title.text().strip() and not _is_link(title)]
    return [one for one in titles if all(Marks().surrounds(parent) in _HEADS for parent in _ancestors(one, body))]


def _is_link(node: LexborNode) -> bool:
    return n_letters(node.text()) == sum(n_letters(link.text()) for link in node.css("a"))


def _regions(tree: LexborHTMLParser, body: LexborNode) -> list[LexborNode]:
    """The nodes that hold the page's own text; none if it is the whole body."""
    enough = _LEAST_ARTICLE * n_letters(body.text())
    for found in (body.css("main, [role=main]"), body.css("article")):
        ids = {node.mem_id for node in found}
        outermost = [node for node in found if not _is_inside_text(node, ids, body)]
        if sum(n_letters(node.text()) for node in outermost) > enough:
            return outermost
    return []


def _is_inside_text(node: LexborNode, regions: set[int], body: LexborNode) -> bool:
    """Whether an article is a part of another one, a card or a quote in a text, or a comment on it."""
    if node.tag == "article" and _COMMENT.search(node.attributes.get("class") or ""):
        return True
    return any(one.mem_id in regions or one.tag in _QUOTING for one in _ancestors(node, body))


def _action(node: LexborNode, is_clear: bool, opened: frozenset[str]) -> Action | None:
    """``is_clear``: the article is known, so that what stands in it is text. ``opened``: ids that controls open."""
    attributes = node.attributes
    role = attributes.get("role")
    if _is_hidden(attributes) and not is_slide(node) and (_is_mostly_links(node) or not is_opened(node, opened)):
        return "hidden"
    classes = frozenset((attributes.get("class") or "").split())
    if node.tag in ("nav", "amp-sidebar") or role == "navigation" or "mw-editsection" in classes:
        return "navigation"
    if role == "heading":
        return "heading"
    if role in GRIDS and node.tag != "table" and node.css_first("[role=row]"):
        return "grid"
    if role in CELLS and node.tag not in ("td", "th"):
        return "cell"
    if node.tag in _LANDMARKS and not is_clear and _is_site_landmark(node):
        return "navigation"
    if "breadcrumb" in f"{attributes.get('id')} {attributes.get('class')}" and _is_mostly_links(node):
        return "navigation"
    if "headerlink" in classes or (classes & _LINE_NUMBERS and _is_numbers(node)):
        return "decoration"
    if classes & _SIGNS and not any(map(str.isalnum, node.text())):
        return "decoration"
    return None


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    """Whether a browser shows a node to nobody when it opens the page."""
    if "note" in (attributes.get("epub:type") or ""):
        return False
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    if (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    style = attributes.get("style")
    return bool(style and is_unseen(style))


def _is_mostly_links(node: LexborNode) -> bool:
    n_linked = sum(n_letters(link.text()) for link in node.css("a"))
    return n_linked > _MOST_LINKED * n_letters(node.text())


def _is_site_landmark(node: LexborNode) -> bool:
    """Whether a landmark of a page without an article holds links or a copyright notice rather than text."""
    text = node.text()
    if _is_mostly_links(node):
        return not node.css_first("h1")
    return node.tag == "footer" and len(text) <= _LONGEST_COPYRIGHT and _COPYRIGHT.search(text) is not None


def _is_numbers(node: LexborNode) -> bool:
    return not node.text().strip().strip("0123456789 \n\t")


def _mark_repeated(body: LexborNode, actions: dict[int, Action]) -> None:
    """Mark each <noscript> whose text the page says elsewhere too."""
    found = body.css("noscript")
    if not found:
        return
    rest = squeezed(body.text())
    alts = [squeezed(node.attributes.get("alt") or "") for node in body.css("img")]
    for node in found:
        rest = rest.replace(squeezed(node.text()), "", 1)
    for node in found:
        text = squeezed(node.text())
        pictures = [squeezed(image.attributes.get("alt") or "") for image in node.css("img")]
        if text not in rest or any(alt and alts.count(alt) < 2 for alt in pictures):
            rest += text
        elif text or any(pictures):
            actions.setdefault(node.mem_id, "repeated")


def squeezed(text: str) -> str:
    return _SPACE.sub("", text)


def n_letters(text: str) -> int:
    return len(squeezed(text))

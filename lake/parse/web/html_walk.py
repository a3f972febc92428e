"""Walks the tree of an HTML page: gathers words, passes elements to their readers, leaves out what is marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lake.parse.canonical import one_line
from lake.parse.web.html_lists import OpenLists
from lake.parse.web.html_marks import Marks
from lake.parse.web.html_sink import Pieces, Sink
from lake.parse.web.html_source import BORDERS, shown

if TYPE_CHECKING:
    from lake.parse.document import OmissionKind

#: A LexborNode; typed loosely because its texts and parents may be None, but not those of a node of the right kind.
Node = Any

#: Structure is followed this deep; below it, only paragraphs are told apart.
MAX_DEPTH = 200
#: Stands for <br> until a paragraph is written; canonical text holds no such character.
BREAK = "\0"
_SPACED = BORDERS - {"br"}
#: Marks that choose the reader of a node.
_READ = frozenset(("heading", "cell", "apart", "grid", "raised"))

#: Reads a node for a walk.
NodeReader = Callable[["Walk", Node], None]


class PageReaders(NamedTuple):
    """Readers of nodes by their tags, and of those that are marked by what the mark says."""

    of_tags: Mapping[str, NodeReader]
    of_marks: Mapping[str, NodeReader]


class Walk:
    """Writes nodes to ``sink``; what ``marks`` names is left out. A list that is not ``numbered`` has bullets only."""

    def __init__(
        self, sink: Sink, marks: Marks, readers: PageReaders, *, flat: bool = False, numbered: bool = True
    ) -> None:
        self.sink = sink
        self.marks = marks
        self._readers = readers
        self.flat = flat
        self.text: list[str] = []
        self.lists = OpenLists(sink, numbered=numbered)
        self.n_quotes = self.depth = self.verbatim = self.n_linked = 0
        self.is_outside = marks.has_regions

    def inner(self, sink: Sink) -> Walk:
        """A walk on the same page whose words are for one line, or for a listing."""
        return Walk(sink, self.marks, self._readers, flat=True)

    def write(self, node: Node) -> None:
        self.children(node)
        self.interrupt()

    def children(self, node: Node) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._deep(node)
        else:
            marked, readers, child = self.marks.actions, self._readers.of_tags, node.first_child
            while child is not None:
                tag = child.tag
                if tag == "-text":
                    self.text.append(child.text_content)
                elif not (marked and self.is_marked(child)):
                    reader = readers.get(tag)
                    if reader:
                        reader(self, child)
                    elif tag and "-" in tag and tag[0] != "-" and not _has_own_text(child.parent):
                        self.block(child)
                    elif tag and tag[0] != "-":
                        self.children(child)
                child = child.next
        self.depth -= 1

    def read(self, node: Node, otherwise: NodeReader | None = None) -> None:
        """Read a node by its tag, as a block if nothing else is stated."""
        (self._readers.of_tags.get(node.tag or "") or otherwise or Walk.block)(self, node)

    def is_marked(self, node: Node) -> bool:
        """Treat a node as its mark says; False if it is to be read like any other."""
        action = self.marks.actions.get(node.mem_id)
        if action is None:
            return self.is_outside and self._is_left_outside(node)
        if action == "region":
            self.flush()
            was, self.is_outside = self.is_outside, False
            self.children(node)
            self.flush()
            self.is_outside = was
        elif action == "noteref":
            text = self.words(node)
            after = (
                " " if node.next is not None and node.next.is_text_node and node.next.text_content[:1].isalnum() else ""
            )
            self.text.append((f" [{text}]" if text and text[0] not in "[(" else text) + after)
        elif action == "outer":
            return False
        elif action in _READ:
            self._readers.of_marks[action](self, node)
        else:
            self.leave_out(node, cast("OmissionKind", action))
        return True

    def _is_left_outside(self, node: Node) -> bool:
        place = self.marks.surrounds(node)
        if place:
            self.leave_out(node, "navigation", place)
        return bool(place)

    def leave_out(self, node: Node, kind: OmissionKind, place: str = "") -> None:
        if node.tag in _SPACED:
            self.text.append(" ")
        pieces = Pieces(None)
        walk = Walk(pieces, Marks(), self._readers, flat=True, numbered=False)
        walk.read(node, Walk.children)
        walk.interrupt()
        self.sink.omit(kind, "\n".join(pieces.texts), place or (node.tag or "" if kind == "navigation" else ""))

    def flush(self) -> None:
        """Write the text gathered so far as a paragraph."""
        if not self.text:
            return
        if self.verbatim:
            if not self.text[-1].endswith("\n"):
                self.text.append("\n")
            return
        text = "".join(self.text)
        self.text.clear()
        n_linked, self.n_linked = self.n_linked, 0
        if text.isspace():
            return
        if BREAK not in text:
            self.paragraph(one_line(text), n_linked)
            return
        lines: list[str] = []
        for line in (*map(one_line, text.split(BREAK)), ""):
            if line:
                lines.append(line)
            else:
                self.paragraph("\n".join(lines), n_linked)
                lines.clear()

    def paragraph(self, text: str, n_linked: int = 0) -> None:
        if not text:
            return
        if self.is_outside and 2 * n_linked > len(text):
            self.sink.omit("navigation", text, "links")
        elif self.lists.takes_lines:
            self.lists.line(one_line(text))
        else:
            self.lists.write()
            self.sink.add(text, "quote" if self.n_quotes else "paragraph")

    def interrupt(self) -> None:
        """End paragraph and list, before a block that can't stand in either."""
        self.flush()
        self.lists.write()

    def block(self, node: Node) -> None:
        self.flush()
        self.children(node)
        self.flush()

    def words(self, node: Node) -> str:
        """A node's text on one line."""
        pieces = Pieces(self.sink)
        walk = self.inner(pieces)
        walk.is_outside = False
        walk.write(node)
        return one_line(" ".join(pieces.texts))

    def _deep(self, node: Node) -> None:
        """Read a tree that is too deep to be followed."""
        for child in node.traverse(include_text=True):
            tag = child.tag
            if tag == "-text":
                around = child.parent.tag
                if around in ("script", "style"):
                    self.sink.omit("script", child.text_content)
                else:
                    self.text.append(child.text_content)
            elif tag in _WITH_ATTRIBUTES:
                self.text.append(f" {' '.join(shown(tag, child.attributes))} ")
            elif tag in _SPACED:
                self.flush()
        self.flush()


_WITH_ATTRIBUTES = ("img", "area", "input", "textarea", "option", "optgroup")


def _has_own_text(node: Node | None) -> bool:
    """Whether words stand directly in a node, so that elements among them are parts of a sentence."""
    child = node.first_child if node is not None else None
    while child is not None:
        if child.is_text_node and not child.text_content.isspace():
            return True
        child = child.next
    return False

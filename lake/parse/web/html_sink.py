"""Where the blocks of a page go: the document's writer, or the words of a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lake.parse.document import Kind, OmissionKind


class Sink(Protocol):
    """Where blocks go: the document's writer, or the pieces of a cell."""

    def add(self, text: str, kind: Kind = "paragraph") -> None: ...
    def heading(self, text: str, level: int) -> None: ...
    def code(self, text: str, language: str = "") -> None: ...
    def table(self, rows: Iterable[Sequence[str]]) -> None: ...
    def omit(self, kind: OmissionKind, text: str = "", place: str = "") -> None: ...


class Pieces:
    """A Sink that gathers plain text; omissions go to ``outer``, or become text if there is none."""

    def __init__(self, outer: Sink | None) -> None:
        self.texts: list[str] = []
        self._outer = outer

    def add(self, text: str, kind: Kind = "paragraph") -> None:
        self.texts.append(text)

    def heading(self, text: str, level: int) -> None:
        self.texts.append(text)

    def code(self, text: str, language: str = "") -> None:
        self.texts.append(text)

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        self.texts += [" ".join(filter(None, row)) for row in rows]

    def omit(self, kind: OmissionKind, text: str = "", place: str = "") -> None:
        if self._outer:
            self._outer.omit(kind, text, place)
        else:
            self.texts.append(text)

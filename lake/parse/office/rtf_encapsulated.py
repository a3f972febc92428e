"""Pages and plain texts that Outlook puts into RTF (MS-OXRTFEX), read as what they were."""

from __future__ import annotations

import re

from lake.parse.office.rtf_parts import RtfState
from lake.parse.office.rtf_reader import RtfReader

#: The word stands before the table of fonts.
_HEAD = re.compile(r"\s*\{\\rtf\d*[^{}]{0,400}?\\from(html1|text)(?![a-z\d])")


def kind_of(source: str) -> str:
    """``html`` or ``text`` if RTF holds a page or a plain text, else the empty string.

    >>> kind_of(r"{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0 ..."), kind_of(r"{\\rtf1\\ansi a \\fromhtml0 b}")
    ('html', '')
    """
    found = _HEAD.match(source)
    return found[1].rstrip("1") if found else ""


class EncapsulatedReader(RtfReader):
    """Reads the page or the text back: tags as they are written, words, and nothing that ``\\htmlrtf`` marks."""

    def source(self) -> str:
        """The source of the page, or the lines of the text."""
        self._pieces: list[str] = []
        self.items()
        return "".join(self._pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _begin_destination(self, word: str, starred: bool) -> None:
        super()._begin_destination(word, starred)
        if word == "htmltag":
            self._state.target = "tag"

    def _is_shown(self, state: RtfState) -> bool:
        return state.target in ("body", "tag") and not state.for_rtf

    def _emit(self, text: str) -> None:
        if self._is_shown(self._state):
            self._pieces.append(text)
        elif self._state.target not in ("body", "tag"):
            super()._emit(text)

    def _break(self, word: str) -> None:
        if self._is_shown(self._state):
            self._pieces.append("\n")

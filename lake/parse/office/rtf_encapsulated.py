"""Pages and plain texts that Outlook puts into RTF (MS-OXRTFEX), read as what they were."""

from __future__ import annotations

import re

from lake.parse.office.rtf_reader import RtfReader
from lake.parse.office.rtf_text import RtfText

#: The word stands before the table of fonts.
_HEAD = re.compile(r"\s*\{\\rtf\d*[^{}]{0,400}?\\from(html1|text)(?![a-z\d])")


def kind_of(source: str) -> str:
    """``html`` or ``text`` if RTF holds a page or a plain text, else the empty string.

    >>> kind_of(r"{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0 ..."), kind_of(r"{\\rtf1\\ansi a \\fromhtml0 b}")
    ('html', '')
    """
    found = _HEAD.match(source)
    return found[1].rstrip("1") if found else ""


class _EncapsulatedText(RtfText):
    """Keeps tags and words, and nothing that ``\\htmlrtf`` marks."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    @property
    def _is_shown(self) -> bool:
        return self.state.target in ("body", "tag") and not self.state.for_rtf

    def emit(self, text: str) -> None:
        if self._is_shown:
            self.pieces.append(text)
        elif self.state.target not in ("body", "tag"):
            super().emit(text)

    def end_line(self, word: str) -> None:
        if self._is_shown:
            self.pieces.append("\n")


class EncapsulatedReader(RtfReader):
    """Reads the page or the text back, with its tags as they are written."""

    def __init__(self, source: str) -> None:
        self._kept = _EncapsulatedText()
        super().__init__(source, self._kept)

    def source(self) -> str:
        """The source of the page, or the lines of the text."""
        self.items()
        return "".join(self._kept.pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _begin_destination(self, word: str, starred: bool) -> None:
        super()._begin_destination(word, starred)
        if word == "htmltag":
            self.text.state.target = "tag"

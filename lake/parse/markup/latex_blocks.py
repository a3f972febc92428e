"""Gathers the words of LaTeX and writes them as paragraphs, as lines of lists, and as the notes that follow them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lake.parse.canonical import TextWriter, one_line

#: Stands for the end of a line until a paragraph is written.
BREAK = "\0"


@dataclass(slots=True)
class LatexNotes:
    """The number of the last note, and the lines of those whose paragraph has not ended."""

    n: int = 0
    lines: list[str] = field(default_factory=list)


class LatexBlocks:
    """Words are gathered in ``text`` until their block ends; ``flat`` ones are for one line and end none."""

    def __init__(self, writer: TextWriter, notes: LatexNotes | None = None, *, flat: bool = False) -> None:
        self.writer = writer
        self.notes = notes or LatexNotes()
        self.flat = flat
        self.text: list[str] = []
        self.n_quotes = 0
        #: The next number of each open list; None in one with bullets.
        self._lists: list[int | None] = []
        self._lines: list[str] = []
        self._bullet = ""

    @property
    def on_one_line(self) -> str:
        return one_line("".join(self.text).replace(BREAK, " "))

    def inner(self) -> LatexBlocks:
        """Flat blocks whose notes are notes of this text."""
        return LatexBlocks(self.writer, self.notes, flat=True)

    def open_list(self, first: int | None) -> None:
        if self._lists:
            self.flush()
        else:
            self.interrupt()
        self._lists.append(first)

    def close_list(self) -> None:
        if self._lists:
            self._bullet = ""
            self._lists.pop()
            if not self._lists:
                self._write_list()

    def item(self, label: str) -> None:
        if not self._lists:
            self.text.append(f"{label} " if label else "")
            return
        number = self._lists[-1]
        bullet = "-"
        if number is not None:
            if not label:
                bullet = f"{number}."
            self._lists[-1] = number + 1
        self._bullet = f"{'  ' * max(0, len(self._lists) - 1)}{bullet} " + (f"{label} " if label else "")

    def flush(self) -> None:
        """End the paragraph."""
        if self.flat:
            self.text.append(" ")
            return
        text = "".join(self.text)
        self.text.clear()
        lines = [line for line in map(one_line, text.split(BREAK)) if line]
        self.paragraph("\n".join(lines))

    def paragraph(self, text: str) -> None:
        """Write a paragraph and the notes in it."""
        if self.flat:
            self.text.append(f" {text} " if text else "")
            return
        if text and self._lists:
            indent = "  " * (len(self._lists) - 1)
            bullet, self._bullet = self._bullet, ""
            self._lines.append((bullet or f"{indent}  ") + one_line(text))
        elif text:
            self._write_list()
            self.writer.add(text, "quote" if self.n_quotes else "paragraph")
        for note in self.notes.lines:
            if self._lists:
                self._lines.append("  " * len(self._lists) + note)
            else:
                self.writer.add(note)
        self.notes.lines.clear()

    def _write_list(self) -> None:
        if self._lines:
            margin = min(len(line) - len(line.lstrip()) for line in self._lines)
            self.writer.add("\n".join(line[margin:] for line in self._lines), "list")
            self._lines.clear()

    def interrupt(self) -> None:
        """End paragraph and list, before a block that can stand in neither."""
        self.flush()
        if not self.flat:
            self._write_list()

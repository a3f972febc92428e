"""RTF: text on its way into paragraphs, cells and names, with all of it kept for the account."""

from __future__ import annotations

from lake.parse.canonical import one_line, runs_into
from lake.parse.document import OmissionKind
from lake.parse.office.rtf_parts import RowEdges, RtfField, RtfItem, RtfSink, RtfState
from lake.parse.office.rtf_styles import RtfFonts, RtfStyles, outline_level
from lake.parse.office.rtf_words import has_letters, joined


class RtfText:
    """Takes text in the ``state`` of its group; paragraphs go to ``sink``, names and fields to ``entry``."""

    def __init__(self) -> None:
        self.state = RtfState()
        self.sink = RtfSink()
        self.entry = ""
        self.fonts = RtfFonts()
        self.styles = RtfStyles()
        self.edges = RowEdges()
        self.field = RtfField()
        self.omitted: list[tuple[OmissionKind, str, str]] = []
        #: All text, whatever it is for, and apart from it what is deleted or hidden.
        self.read: list[str] = []
        self.taken: list[str] = []
        self._n_read = -1

    def emit(self, text: str) -> None:
        """Take a text for what its destination makes of it."""
        state = self.state
        target = state.target
        if target in ("none", "meta"):
            if state.place == "fldinst":
                self.sink.has_pages |= "PAGE" in text.upper()
                self.field.instruction += text
            elif state.place == "ffl" and text.strip():
                self.field.entries.append(text.strip())
            return
        if target in ("font", "style", "info", "author", "property", "value"):
            self.entry += text
            return
        apart = state.raised and runs_into(self.read[-1] if self.read else "", text)
        if state.deleted or state.hidden:
            # It may stand inside a word that stays.
            is_new = self._n_read != len(self.read)
            self.taken.append(f" {text}" if is_new else text)
            self._n_read = len(self.read)
        else:
            self.read.append(f" {text}" if apart else text)
        if target == "label":
            self.entry += text
        elif state.deleted:
            self.omitted.append(("deleted", text, "tracked changes"))
        elif state.hidden:
            self.omitted.append(("hidden", text, "hidden text"))
        elif target == "copy":
            self.omitted.append(("repeated", text, "drawings for older programs"))
        elif target == "unknown":
            self.omitted.append(("decoration", text, f"destination {state.place}"))
        else:
            if text.strip():
                self.field.depth = -1
            self.sink.pieces.append(f"^{text}" if apart else text)

    def end_field(self) -> None:
        """Write what a field shows that ends without a result."""
        self.field.depth = -1
        self.emit(self.field.shown)

    def end_line(self, word: str) -> None:
        self.read.append("\n")
        if self.state.target in ("label", "copy", "unknown"):
            return
        if self.state.in_table and word == "par":
            self.sink.end_line("\n")
        else:
            self.end_paragraph()

    def end_paragraph(self) -> None:
        sink = self.sink
        text = joined(sink.pieces)
        sink.pieces.clear()
        label, sink.label = one_line(sink.label), ""
        if (text.strip() or sink.after) and not (self.state.in_table and sink.cells):
            self.end_table()
        if label and not text.strip():
            self.omitted.append(("decoration", label, "labels of empty paragraphs"))
        if text.strip():
            level = self.level()
            if level and label and has_letters(label):
                sink.items.append(RtfItem(f"{label} {text.strip()}", level))
            elif label and not level:
                numbered = f"{label} {one_line(text)}" if has_letters(label) else one_line(text)
                sink.items.append(RtfItem(numbered, depth=self.state.depth))
            else:
                sink.items.append(RtfItem(text, level))
        sink.items += sink.after
        sink.after = []

    def level(self) -> int:
        outline = self.state.outline
        return self.styles.level(self.state.style) if outline is None else outline_level(outline)

    def end_table(self) -> None:
        if self.sink.cells or self.sink.cell:
            self.end_row()
        self.sink.end_tables()

    def end_cell(self) -> None:
        self.read.append(" ")
        self.sink.end_cell()

    def end_nested(self) -> None:
        self.read.append(" ")
        self.sink.end_line(" ")

    def end_nested_row(self) -> None:
        self.sink.cell[-1:] = ["; "]

    def end_row(self) -> None:
        if self.sink.pieces or self.sink.cell:
            self.end_cell()
        self.sink.end_row(self.edges.lefts)

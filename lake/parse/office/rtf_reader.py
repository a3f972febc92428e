"""RTF: a reader of its groups, code pages, tables, notes and fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lake.parse.canonical import one_line, runs_into
from lake.parse.document import OmissionKind
from lake.parse.office.numbered_fields import NumberedFields
from lake.parse.office.rtf_parts import RowEdges, RtfField, RtfItem, RtfSink, RtfState
from lake.parse.office.rtf_styles import RtfFonts, RtfStyles, outline_level
from lake.parse.office.rtf_words import (
    CHARACTERS,
    DESTINATIONS,
    FORMULAS,
    MARGINS,
    NO_TEXT,
    PARAGRAPH_ENDS,
    SINKS,
    SPOKEN,
    SYMBOLS,
    THROUGH,
    TOKEN,
    character,
    codec_of,
    has_letters,
    joined,
)


class RtfReader:
    """Reads ``source``, the file's bytes as Latin-1. Results are the public attributes."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.info: dict[str, str] = {}
        self.margins: dict[str, list[tuple[list[RtfItem], bool]]] = {"header": [], "footer": []}
        self.omitted: list[tuple[OmissionKind, str, str]] = []
        #: All text, whatever it is for, and apart from it what is deleted or hidden.
        self.read: list[str] = []
        self.taken: list[str] = []
        self._n_read = -1
        self._fonts = RtfFonts()
        self._styles = RtfStyles()
        self._entry = ""
        self._state = RtfState()
        self._stack: list[tuple[RtfState, RtfSink | None]] = []
        self._sink = RtfSink()
        self._bytes = bytearray()
        self._to_skip = 0
        self._starred = False
        self._at_start = False
        self._author = ""
        self._property = ""
        self._edges = RowEdges()
        self._field = RtfField()
        self._numbers = NumberedFields()
        self._n_notes = 0

    def items(self) -> list[RtfItem]:
        """The paragraphs and tables of the body."""
        position, length = 0, len(self._source)
        while position < length:
            match = TOKEN.match(self._source, position)
            if match is None:
                break
            position = match.end()
            word, number, code, sign, brace, text = match.groups()
            if text is not None:
                self._plain(text)
            elif code is not None:
                self._byte(int(code, 16))
            elif word == "bin" and number:
                position += max(0, int(number))
            elif word is not None:
                self._word(word, None if number is None else int(number))
            elif sign is not None:
                self._sign(sign)
            elif brace == "{":
                self._open()
            elif brace == "}":
                self._close()
        while self._stack:
            self._close()
        self._flush()
        self._end_paragraph()
        self._end_table()
        return self._sink.items

    # Tokens

    def _plain(self, text: str) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        self._at_start = self._starred = False
        self._bytes += text.encode("latin-1", "replace")

    def _byte(self, value: int) -> None:
        self._at_start = self._starred = False
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._bytes.append(value)

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._starred = True
            return
        if self._to_skip:
            self._to_skip -= 1
            return
        if sign in PARAGRAPH_ENDS:
            self._word("par", None)
        elif sign in SYMBOLS:
            self._flush()
            self._emit(SYMBOLS[sign])

    def _open(self) -> None:
        self._flush()
        self._to_skip = 0
        self._stack.append((self._state, None))
        self._state = replace(self._state, opens=False)
        self._at_start, self._starred = True, False

    def _close(self) -> None:
        self._flush()
        self._to_skip = 0
        self._at_start = self._starred = False
        if not self._stack:
            return
        ended = self._state
        if ended.place == "fldinst" != self._stack[-1][0].place:
            self._field.number = self._numbers.shown(self._field.instruction, self._level())
        if len(self._stack) == self._field.depth:
            self._end_field()
        if ended.target == "style":
            self._styles.name_last(self._entry)
            self._entry = ""
        elif ended.target == "font":
            self._fonts.name_last(self._entry)
            self._entry = ""
        elif ended.opens:
            self._end_destination(ended)
        self._state, outer = self._stack.pop()
        if ended.place != self._state.place:
            self._emit(FORMULAS.get(ended.place, ("", ""))[1])
        if outer is not None:
            inner, self._sink = self._sink, outer
            self._keep(ended.target, inner)

    def _word(self, word: str, number: int | None) -> None:
        self._to_skip = 0
        starred, at_start = self._starred, self._at_start
        self._starred = self._at_start = False
        if at_start and (starred or word in NO_TEXT or word in SINKS or word in DESTINATIONS or word in FORMULAS):
            self._flush()
            self._begin_destination(word, starred)
            if word != "ud":
                self._state_word(word, number)
            return
        if word in CHARACTERS:
            self._flush()
            self._emit(CHARACTERS[word])
        elif word == "u" and number is not None:
            self._flush()
            self._emit(character(number))
            self._to_skip = self._state.skip
        else:
            self._flush()
            self._state_word(word, number)

    def _state_word(self, word: str, number: int | None) -> None:
        change = _WORDS.get(word)
        if change is not None:
            change(self, number)
        elif word in PARAGRAPH_ENDS and self._state.target not in ("none", "meta", "info", "font", "style"):
            self._break(word)

    # Text

    def _flush(self) -> None:
        """Decode the bytes that came since the last control word."""
        if not self._bytes:
            return
        data = bytes(self._bytes)
        if self._state.target in ("font", "info", "style"):
            text = self._fonts.stated(data)
        else:
            text = self._fonts.text(data, self._state.font)
        self._bytes.clear()
        self._emit(text)

    def _emit(self, text: str) -> None:
        state = self._state
        target = state.target
        if target in ("none", "meta"):
            if state.place == "fldinst":
                self._sink.has_pages |= "PAGE" in text.upper()
                self._field.instruction += text
            elif state.place == "ffl" and text.strip():
                self._field.entries.append(text.strip())
            return
        if target in ("font", "style", "info", "author", "property", "value"):
            self._entry += text
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
            self._entry += text
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
                self._field.depth = -1
            self._sink.pieces.append(f"^{text}" if apart else text)

    def _end_field(self) -> None:
        """Write what a field shows that ends without a result."""
        self._field.depth = -1
        self._emit(self._field.shown)

    def _break(self, word: str) -> None:
        self.read.append("\n")
        if self._state.target in ("label", "copy", "unknown"):
            return
        if self._state.in_table and word == "par":
            self._sink.end_line("\n")
        else:
            self._end_paragraph()

    def _end_paragraph(self) -> None:
        sink = self._sink
        text = joined(sink.pieces)
        sink.pieces.clear()
        label, sink.label = one_line(sink.label), ""
        if (text.strip() or sink.after) and not (self._state.in_table and sink.cells):
            self._end_table()
        if label and not text.strip():
            self.omitted.append(("decoration", label, "labels of empty paragraphs"))
        if text.strip():
            level = self._level()
            if level and label and has_letters(label):
                sink.items.append(RtfItem(f"{label} {text.strip()}", level))
            elif label and not level:
                numbered = f"{label} {one_line(text)}" if has_letters(label) else one_line(text)
                sink.items.append(RtfItem(numbered, depth=self._state.depth))
            else:
                sink.items.append(RtfItem(text, level))
        sink.items += sink.after
        sink.after = []

    def _level(self) -> int:
        outline = self._state.outline
        return self._styles.level(self._state.style) if outline is None else outline_level(outline)

    # Tables

    def _end_cell(self, number: int | None) -> None:
        self.read.append(" ")
        self._sink.end_cell()

    def _end_nested(self, number: int | None) -> None:
        self.read.append(" ")
        self._sink.end_line(" ")

    def _end_nested_row(self, number: int | None) -> None:
        self._sink.cell[-1:] = ["; "]

    def _end_row(self, number: int | None) -> None:
        if self._sink.pieces or self._sink.cell:
            self._end_cell(None)
        self._sink.end_row(self._edges.lefts)

    def _begin_row(self, number: int | None) -> None:
        if self._state.place != "nesttableprops":
            self._edges = RowEdges()

    def _row_left(self, number: int | None) -> None:
        self._edges.move_first(number or 0)

    def _cell_edge(self, number: int | None) -> None:
        if self._state.place != "nesttableprops":
            self._edges.add(number or 0)

    def _end_table(self) -> None:
        if self._sink.cells or self._sink.cell:
            self._end_row(None)
        self._sink.end_tables()

    # Destinations

    def _begin_destination(self, word: str, starred: bool) -> None:
        state = self._state
        state.place = word
        if word == "fldinst":
            self._field = RtfField(depth=len(self._stack) - 1)
        if word == "objdata":
            self.omitted.append(("attachment", "", "embedded object"))
        if state.target == "none" and word not in ("ud", "sv", "shptxt", "sn"):
            return
        if word in ("title", "author") and state.target != "meta":
            return
        if word in SINKS:
            if state.target in ("copy", "none") and word != "shptxt":
                return
            self._note_mark(word)
            state.target, state.in_table = word, False
            state.style, state.outline, state.opens = 0, None, True
            self._stack[-1] = (self._stack[-1][0], self._sink)
            self._sink = RtfSink(begins=len(self.read))
            self.read.append(" ")
        elif word == "ud":
            state.target = self._stack[-2][0].target if len(self._stack) > 1 else "body"
            state.opens = False
        elif word in DESTINATIONS:
            state.target, state.opens = DESTINATIONS[word], True
            if word not in ("fonttbl", "stylesheet", "upr", "shprslt"):
                self._entry = ""
        elif word in NO_TEXT or word.endswith("Pr"):
            state.target = "none"
        elif starred and word not in THROUGH:
            state.target = "none" if state.target == "style" else "unknown"
        else:
            self._emit(FORMULAS.get(word, ("", ""))[0])

    def _note_mark(self, word: str) -> None:
        if word == "footnote":
            self._n_notes += 1
            self._sink.pieces.append(f"[{self._n_notes}]")

    def _end_destination(self, state: RtfState) -> None:
        word, text = state.place, one_line(joined([self._entry]))
        if state.target == "info" and word in ("title", "author"):
            self.info.setdefault(word, text)
            self._entry = ""
        elif state.target == "author":
            self._author, self._entry = text, ""
        elif state.target == "label":
            self._sink.label, self._entry = text, ""
        elif state.target == "property":
            self._property, self._entry = text, ""
        elif state.target == "value":
            if self._property in SPOKEN and text:
                self.read.append(f" {text} ")
                self._sink.after.append(RtfItem(f"{SPOKEN[self._property]}: {text}"))
            self._property = self._entry = ""

    def _keep(self, word: str, inner: RtfSink) -> None:
        """Place what a note, comment, box, header or footer holds; all but notes leave no mark in their line."""
        self.read.append(" ")
        if word != "footnote":
            self.taken += self.read[inner.begins :]
            del self.read[inner.begins :]
        outer, self._sink = self._sink, inner
        self._end_paragraph()
        self._end_table()
        self._sink = outer
        for item in inner.items:
            item.level = 0
        if word in MARGINS:
            if inner.items:
                self.margins["header" if word.startswith("header") else "footer"].append((inner.items, inner.has_pages))
        elif word == "annotation":
            text = "\n".join(filter(None, (item.all_text.strip() for item in inner.items)))
            if text:
                name = f" ({self._author})" if self._author else ""
                outer.after.append(RtfItem(f"Comment{name}: {text}"))
            self._author = ""
        else:
            if word == "footnote" and inner.items and inner.items[0].rows is None:
                inner.items[0].text = f"[{self._n_notes}] {inner.items[0].text.lstrip()}"
            outer.after += inner.items

    # Words

    def _set_font(self, number: int | None) -> None:
        if self._state.target == "font":
            self._fonts.begin(number or 0)
            self._entry = ""
        else:
            self._state.font = number

    def _default_font(self, number: int | None) -> None:
        self._fonts.default = number

    def _charset(self, number: int | None) -> None:
        if self._state.target == "font":
            self._fonts.set_charset(number)

    def _font_page(self, number: int | None) -> None:
        if self._state.target == "font":
            self._fonts.set_page(number)

    def _code_page(self, number: int | None) -> None:
        self._fonts.codec = codec_of(number) or self._fonts.codec

    def _set_style(self, number: int | None) -> None:
        if self._state.target == "style":
            self._styles.begin(number or 0)
            self._entry = ""
        else:
            self._state.style = number or 0

    def _style_base(self, number: int | None) -> None:
        if self._state.target == "style":
            self._styles.set_base(number)

    def _set_outline(self, number: int | None) -> None:
        if self._state.target == "style":
            self._styles.set_outline(number)
        else:
            self._state.outline = number

    def _reset_paragraph(self, number: int | None) -> None:
        state = self._state
        state.in_table, state.style, state.outline, state.depth = False, 0, None, 0

    def _reset_text(self, number: int | None) -> None:
        self._state.hidden = self._state.deleted = self._state.raised = False
        self._state.font = None

    def _page_number(self, number: int | None) -> None:
        self._sink.has_pages = True


def _setter(name: str, *, is_switch: bool = True) -> Callable[[RtfReader, int | None], None]:
    def change(reader: RtfReader, number: int | None) -> None:
        setattr(reader._state, name, number != 0 if is_switch else number or 0)

    return change


_WORDS: dict[str, Callable[[RtfReader, int | None], None]] = {
    "f": RtfReader._set_font,
    "deff": RtfReader._default_font,
    "fcharset": RtfReader._charset,
    "cpg": RtfReader._font_page,
    "ansicpg": RtfReader._code_page,
    "mac": lambda reader, number: reader._code_page(10000),
    "pc": lambda reader, number: reader._code_page(437),
    "pca": lambda reader, number: reader._code_page(850),
    "uc": _setter("skip", is_switch=False),
    "v": _setter("hidden"),
    "deleted": _setter("deleted"),
    "htmlrtf": _setter("for_rtf"),
    "super": _setter("raised"),
    "up": _setter("raised"),
    "nosupersub": lambda reader, number: setattr(reader._state, "raised", False),
    "plain": RtfReader._reset_text,
    "pard": RtfReader._reset_paragraph,
    "intbl": _setter("in_table"),
    "ilvl": _setter("depth", is_switch=False),
    "s": RtfReader._set_style,
    "sbasedon": RtfReader._style_base,
    "outlinelevel": RtfReader._set_outline,
    "trowd": RtfReader._begin_row,
    "trleft": RtfReader._row_left,
    "cellx": RtfReader._cell_edge,
    "cell": RtfReader._end_cell,
    "nestcell": RtfReader._end_nested,
    "nestrow": RtfReader._end_nested_row,
    "row": RtfReader._end_row,
    "chpgn": RtfReader._page_number,
    "fftype": lambda reader, number: setattr(reader._field, "kind", number or 0),
    "ffres": lambda reader, number: setattr(reader._field, "result", number),
    "ffdefres": lambda reader, number: setattr(reader._field, "default", number),
}

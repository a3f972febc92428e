"""RTF: a reader of its groups: their bytes, their destinations, and what each leaves behind at its end."""

from __future__ import annotations

from dataclasses import replace

from lake.parse.canonical import one_line
from lake.parse.office.numbered_fields import NumberedFields
from lake.parse.office.rtf_control import CONTROL
from lake.parse.office.rtf_parts import RtfField, RtfItem, RtfSink, RtfState
from lake.parse.office.rtf_text import RtfText
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
    joined,
)


class RtfReader:
    """Reads ``source``, the file's bytes as Latin-1. Results are in the public attributes."""

    def __init__(self, source: str, text: RtfText | None = None) -> None:
        self._source = source
        self.text = text or RtfText()
        self.info: dict[str, str] = {}
        self.margins: dict[str, list[tuple[list[RtfItem], bool]]] = {"header": [], "footer": []}
        self._stack: list[tuple[RtfState, RtfSink | None]] = []
        self._bytes = bytearray()
        self._to_skip = 0
        self._starred = False
        self._at_start = False
        self._author = ""
        self._property = ""
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
        self.text.end_paragraph()
        self.text.end_table()
        return self.text.sink.items

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
            self.text.emit(SYMBOLS[sign])

    def _open(self) -> None:
        self._flush()
        self._to_skip = 0
        self._stack.append((self.text.state, None))
        self.text.state = replace(self.text.state, opens=False)
        self._at_start, self._starred = True, False

    def _close(self) -> None:
        self._flush()
        self._to_skip = 0
        self._at_start = self._starred = False
        if not self._stack:
            return
        ended = self.text.state
        if ended.place == "fldinst" != self._stack[-1][0].place:
            self.text.field.number = self._numbers.shown(self.text.field.instruction, self.text.level())
        if len(self._stack) == self.text.field.depth:
            self.text.end_field()
        if ended.target == "style":
            self.text.styles.name_last(self.text.entry)
            self.text.entry = ""
        elif ended.target == "font":
            self.text.fonts.name_last(self.text.entry)
            self.text.entry = ""
        elif ended.opens:
            self._end_destination(ended)
        self.text.state, outer = self._stack.pop()
        if ended.place != self.text.state.place:
            self.text.emit(FORMULAS.get(ended.place, ("", ""))[1])
        if outer is not None:
            inner, self.text.sink = self.text.sink, outer
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
            self.text.emit(CHARACTERS[word])
        elif word == "u" and number is not None:
            self._flush()
            self.text.emit(character(number))
            self._to_skip = self.text.state.skip
        else:
            self._flush()
            self._state_word(word, number)

    def _state_word(self, word: str, number: int | None) -> None:
        change = CONTROL.get(word)
        if change is not None:
            change(self.text, number)
        elif word in PARAGRAPH_ENDS and self.text.state.target not in ("none", "meta", "info", "font", "style"):
            self.text.end_line(word)

    # Text

    def _flush(self) -> None:
        """Decode the bytes that came since the last control word."""
        if not self._bytes:
            return
        data = bytes(self._bytes)
        if self.text.state.target in ("font", "info", "style"):
            text = self.text.fonts.stated(data)
        else:
            text = self.text.fonts.text(data, self.text.state.font)
        self._bytes.clear()
        self.text.emit(text)

    # Destinations

    def _begin_destination(self, word: str, starred: bool) -> None:
        state = self.text.state
        state.place = word
        if word == "fldinst":
            self.text.field = RtfField(depth=len(self._stack) - 1)
        if word == "objdata":
            self.text.omitted.append(("attachment", "", "embedded object"))
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
            self._stack[-1] = (self._stack[-1][0], self.text.sink)
            self.text.sink = RtfSink(begins=len(self.text.read))
            self.text.read.append(" ")
        elif word == "ud":
            state.target = self._stack[-2][0].target if len(self._stack) > 1 else "body"
            state.opens = False
        elif word in DESTINATIONS:
            state.target, state.opens = DESTINATIONS[word], True
            if word not in ("fonttbl", "stylesheet", "upr", "shprslt"):
                self.text.entry = ""
        elif word in NO_TEXT or word.endswith("Pr"):
            state.target = "none"
        elif starred and word not in THROUGH:
            state.target = "none" if state.target == "style" else "unknown"
        else:
            self.text.emit(FORMULAS.get(word, ("", ""))[0])

    def _note_mark(self, word: str) -> None:
        if word == "footnote":
            self._n_notes += 1
            self.text.sink.pieces.append(f"[{self._n_notes}]")

    def _end_destination(self, state: RtfState) -> None:
        word, text = state.place, one_line(joined([self.text.entry]))
        if state.target == "info" and word in ("title", "author"):
            self.info.setdefault(word, text)
            self.text.entry = ""
        elif state.target == "author":
            self._author, self.text.entry = text, ""
        elif state.target == "label":
            self.text.sink.label, self.text.entry = text, ""
        elif state.target == "property":
            self._property, self.text.entry = text, ""
        elif state.target == "value":
            if self._property in SPOKEN and text:
                self.text.read.append(f" {text} ")
                self.text.sink.after.append(RtfItem(f"{SPOKEN[self._property]}: {text}"))
            self._property = self.text.entry = ""

    def _keep(self, word: str, inner: RtfSink) -> None:
        """Place what a note, comment, box, header or footer holds; all but notes leave no mark in their line."""
        self.text.read.append(" ")
        if word != "footnote":
            self.text.taken += self.text.read[inner.begins :]
            del self.text.read[inner.begins :]
        outer, self.text.sink = self.text.sink, inner
        self.text.end_paragraph()
        self.text.end_table()
        self.text.sink = outer
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

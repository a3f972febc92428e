# ruff: noqa: RUF001 - the characters are what the names stand for
"""Manual pages: reads requests line by line and writes headings, paragraphs, lists, code and tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from lake.parse.canonical import TextWriter
from lake.parse.markup.man_conditions import ShownLines
from lake.parse.markup.man_tables import table_rows
from lake.parse.markup.mdoc import CELL, INLINE, line_words
from lake.parse.markup.roff_escapes import STRINGS, arguments, has_measures_only, plain, without_comment

_REQUEST = re.compile(r"[.'][ \t]*([^\s\\]+)?[ \t]*(.*)", re.DOTALL)
#: Requests that set type, and show nothing.
_SETTINGS = frozenset(
    (
        *("ad", "na", "hy", "nh", "ne", "ll", "ta", "ft", "fam", "ps", "in", "ti", "vs", "po", "nr", "rm", "rn", "tr"),
        *("lf", "cs", "fp", "bp", "pl", "hw", "cc", "c2", "ec", "eo", "fi", "it", "ss", "tm", "ab", "pc", "mk", "rt"),
        *("do", "nop", "mso", "als", "ev", "evc", "lt", "ce", "rj", "di", "da", "wh", "ch", "kern", "DT", "PD", "UC"),
        *("AT", "IX", "Os", "Bk", "Ek", "Sm", "Ud", "hym", "hys", "hla", "warn", "blm", "lsm", "fschar", "tkf"),
    )
)
_ALTERNATING = frozenset(("BI", "BR", "IB", "IR", "RB", "RI", "SB"))
_FONTS = frozenset(("B", "I", "R", "SM", "C", "CW", "F", "nop"))
_BULLETS = frozenset("•*-+o·–—○□◦")
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]")
#: So long may a string be, or strings of strings would multiply.
_LONGEST_STRING = 200
_LONGEST_LABEL = 300
_MOST_INDENTED = 8


class ManReader:
    """Reads ``source``. Results are ``writer``, ``title`` and ``stated``, which is metadata."""

    def __init__(self, source: str) -> None:
        self._lines = ShownLines(source.split("\n"))
        self.writer = TextWriter()
        self.title = ""
        self.stated: dict[str, object] = {}
        self._strings = dict(STRINGS)
        self._words: list[str] = []
        #: ShownLines of the open list; and the label that waits for its item, or for the line that states it.
        self._items: list[str] = []
        self._label: str | None = None
        self._wants_label = False
        self._depth = 0
        self._code: list[str] | None = None
        self._links: list[tuple[str, int]] = []
        self._name = ""
        #: Kinds of open lists of mdoc, with the number of the last item.
        self._lists: list[tuple[str, int]] = []
        self._rows: list[list[str]] = []

    def read(self) -> None:
        for line in self._lines:
            self._line(line)
        self._end_code()
        self._end_paragraph()
        self._end_list()
        for kind, text, place in self._lines.omitted:
            self.writer.omit(kind, text, place)

    def _plain(self, text: str) -> str:
        return plain(text, self._strings)

    def _line(self, line: str) -> None:
        line = without_comment(line)
        match = _REQUEST.fullmatch(line) if line[:1] in (".", "'") else None
        if match is None:
            self._text(self._plain(line), is_indented=line[:1] in (" ", "\t"))
        elif match[1]:
            self._request(match[1], match[2])

    def _text(self, text: str, *, is_indented: bool = False) -> None:
        """Words of the running paragraph; a blank line ends it, an indented one begins a line of its own."""
        if self._code is not None:
            self._code.append(text)
        elif not text.strip():
            self._label = "" if self._wants_label else self._label
            self._wants_label = False
            if self._label is None or self._words:
                self._end_paragraph()
        elif self._wants_label:
            self._label, self._wants_label = text.strip(), False
        else:
            if is_indented and self._words:
                self._words.append("\n")
            self._words.append(text.strip())

    def _request(self, name: str, rest: str) -> None:
        handler = _HANDLERS.get(name)
        if handler is not None:
            handler(self, rest)
        elif name in INLINE:
            words = [self._plain(one) for one in arguments(rest)]
            if name == "Nm" and not self._name and words:
                self._name = words[0]
            self._text(line_words(name, words, self._name))
        elif name in _ALTERNATING:
            self._text(self._plain("".join(arguments(rest))))
        elif name in _FONTS:
            self._text(self._plain(" ".join(arguments(rest))) if rest.strip() else "\0")
        elif name.startswith("%"):
            self._text(self._plain(" ".join(arguments(rest))) + ",")
        elif name not in _SETTINGS and rest.strip() and not has_measures_only(rest):
            self._text(self._plain(" ".join(arguments(rest))))

    # Blocks

    def _end_paragraph(self, rest: str = "") -> None:
        text = "".join(_joined(self._words)).replace("\0", "").strip()
        self._words.clear()
        label, self._label = self._label, None
        indent = "  " * min(self._depth, _MOST_INDENTED)
        if label is not None:
            if label in _BULLETS or not label:
                mark = "-"
            else:
                mark = label if _NUMBER.fullmatch(label) and text else f"- {label}" + (":" if text else "")
            self._items.append(f"{indent}{mark} {' '.join(text.split())}".rstrip())
        elif text and self._items:
            self._items.append(f"{indent}  {' '.join(text.split())}")
        elif text:
            self.writer.add(text)

    def _end_list(self) -> None:
        margin = min((len(line) - len(line.lstrip()) for line in self._items), default=0)
        self.writer.add("\n".join(line[margin:] for line in self._items), "list")
        self._items.clear()

    def _paragraph(self, rest: str) -> None:
        self._end_paragraph()
        if not self._depth and not self._lists:
            self._end_list()

    def _heading(self, rest: str, level: int) -> None:
        self._end_code()
        self._end_paragraph()
        self._end_list()
        self._depth, self._lists = 0, []
        stated = rest if rest.strip() else self._lines.next_text()
        words = [self._plain(one) for one in arguments(stated)]
        text = line_words("No", words, self._name)
        if len(text) > _LONGEST_LABEL:
            self.writer.add(text)
        else:
            self.writer.heading(text, level)

    def _head(self, rest: str) -> None:
        """The page's name and section; its date, source and manual stand around each page."""
        words = [self._plain(one) for one in arguments(rest)]
        self.title = f"{words[0]}({words[1]})" if len(words) > 1 else "".join(words)
        self.writer.heading(self.title, 1)
        if len(words) > 2:
            self.stated |= {"date": words[2]} if words[2] else {}
            self.writer.omit("running_line", "\n".join(words[2:]), "date, source and manual")

    def _date(self, rest: str) -> None:
        self.stated["date"] = rest.strip()
        self.writer.omit("running_line", self._plain(rest), "date, source and manual")

    def _tag(self, rest: str) -> None:
        self._end_paragraph()
        self._wants_label = True

    def _item(self, rest: str) -> None:
        words = arguments(rest)
        self._end_paragraph()
        if words and self._plain(words[0]).strip():
            self._label = self._plain(words[0]).strip()

    def _indent(self, rest: str, by: int) -> None:
        self._end_paragraph()
        self._depth = max(0, self._depth + (by if self._items or by < 0 else 0))

    def _begin_code(self, rest: str) -> None:
        if self._code is None:
            self._end_paragraph()
            self._code = []

    def _end_code(self, rest: str = "") -> None:
        code, self._code = self._code, None
        if code is None or not any(line.strip("\0 ") for line in code):
            return
        self._end_list()
        self.writer.code("\n".join(line.replace("\0", "") for line in code))

    def _break(self, rest: str) -> None:
        if self._code is not None:
            return
        if self._words:
            self._words.append("\n")

    def _space(self, rest: str) -> None:
        self._text("")

    def _table(self, rest: str) -> None:
        self._end_paragraph()
        self._end_list()
        rows, formats = table_rows(self._lines.until("TE"))
        self.writer.omit("decoration", formats, "formats of a table")
        self.writer.table([[" ".join(self._plain(cell).split()) for cell in row] for row in rows])

    def _equation(self, rest: str) -> None:
        self._text(" ".join(map(str.strip, self._lines.until("EN"))))

    def _link(self, rest: str) -> None:
        self._links.append((self._plain(rest).strip(), len(self._words)))

    def _end_link(self, rest: str) -> None:
        if not self._links:
            return
        address, start = self._links.pop()
        shown = " ".join(self._words[start:])
        if address and address not in shown:
            self._text(f"<{address}>" if shown.strip() else address)
        if self._words and rest.strip():
            self._words[-1] += self._plain(rest).strip()

    def _reference(self, rest: str) -> None:
        words = [self._plain(one) for one in arguments(rest)]
        if words:
            section = f"({words[1]})" if len(words) > 1 else ""
            self._text(f"{words[0]}{section}{''.join(words[2:])}")

    def _option(self, rest: str) -> None:
        self._text(f"[{' '.join(map(self._plain, arguments(rest)))}]")

    def _synopsis(self, rest: str) -> None:
        self._end_paragraph()
        self._text(self._plain(rest))

    def _string(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        self._strings[name] = self._plain(value.lstrip().removeprefix('"'))[:_LONGEST_STRING]

    def _file(self, rest: str) -> None:
        self.writer.omit("attachment", "", rest.strip())

    # mdoc

    def _describe(self, rest: str) -> None:
        self._text(f"– {line_words('No', [self._plain(one) for one in arguments(rest)], self._name)}")

    def _begin_list(self, rest: str) -> None:
        self._end_paragraph()
        if self._lists and self._lists[-1][0] != "column":
            self._depth += 1
        self._lists.append((rest.lstrip().removeprefix("-").partition(" ")[0], 0))
        self._rows = []

    def _list_item(self, rest: str) -> None:
        kind, number = self._lists.pop() if self._lists else ("bullet", 0)
        self._lists.append((kind, number + 1))
        if kind == "column":
            self._words, row = [], self._words
            if row:
                self._rows.append("".join(_joined(row)).split(CELL))
        else:
            self._end_paragraph()
        words = [self._plain(one) for one in arguments(rest)]
        text = line_words("No", words, self._name) if words else ""
        if kind == "column":
            self._words = [text.replace("\t", CELL)]
        else:
            self._label = f"{number + 1}." if kind == "enum" else text

    def _end_bsd_list(self, rest: str) -> None:
        kind = self._lists.pop()[0] if self._lists else ""
        if kind == "column":
            self._lists.append((kind, 0))
            self._list_item("")
            self._lists.pop()
            self._words = []
            self._end_list()
            self.writer.table(self._rows)
        else:
            self._end_paragraph()
            if self._lists:
                self._depth = max(0, self._depth - 1)
            else:
                self._end_list()

    def _display(self, rest: str) -> None:
        if "-filled" in rest or "-ragged" in rest:
            self._paragraph(rest)
        else:
            self._begin_code(rest)

    def _end_display(self, rest: str) -> None:
        self._end_code()
        self._end_paragraph()

    def _display_line(self, rest: str) -> None:
        self._end_paragraph()
        words = [self._plain(one) for one in arguments(rest)]
        self._text(line_words("No", words, self._name))
        self._end_paragraph()


def _joined(words: list[str]) -> list[str]:
    """Words with a space between them, but not around a line's end."""
    pieces: list[str] = []
    for word in words:
        if pieces and word != "\n" and pieces[-1] != "\n":
            pieces.append(" ")
        pieces.append(word)
    return pieces


_HANDLERS: dict[str, Callable[[ManReader, str], None]] = {
    **dict.fromkeys(("TH", "Dt"), ManReader._head),
    "Dd": ManReader._date,
    **dict.fromkeys(("SH", "Sh"), partial(ManReader._heading, level=2)),
    **dict.fromkeys(("SS", "Ss"), partial(ManReader._heading, level=3)),
    **dict.fromkeys(("PP", "P", "LP", "Pp", "Lp", "HP"), ManReader._paragraph),
    **dict.fromkeys(("TP", "TQ"), ManReader._tag),
    "IP": ManReader._item,
    "RS": partial(ManReader._indent, by=1),
    "RE": partial(ManReader._indent, by=-1),
    **dict.fromkeys(("nf", "EX", "Vb"), ManReader._begin_code),
    **dict.fromkeys(("fi", "EE", "Ve"), ManReader._end_code),
    "br": ManReader._break,
    **dict.fromkeys(("sp", "Sp"), ManReader._space),
    "TS": ManReader._table,
    "EQ": ManReader._equation,
    **dict.fromkeys(("UR", "MT"), ManReader._link),
    **dict.fromkeys(("UE", "ME"), ManReader._end_link),
    "MR": ManReader._reference,
    "OP": ManReader._option,
    "SY": ManReader._synopsis,
    "YS": ManReader._paragraph,
    "ds": ManReader._string,
    "so": ManReader._file,
    "Nd": ManReader._describe,
    "Bl": ManReader._begin_list,
    "It": ManReader._list_item,
    "El": ManReader._end_bsd_list,
    "Bd": ManReader._display,
    "Ed": ManReader._end_display,
    **dict.fromkeys(("Dl", "D1"), ManReader._display_line),
    "Rs": ManReader._paragraph,
    "Re": ManReader._paragraph,
}

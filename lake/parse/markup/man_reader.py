# ruff: noqa: RUF001 - the characters are what the names stand for
"""Manual pages: reads requests line by line and writes headings, paragraphs, lists, code and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from lake.parse.canonical import TextWriter
from lake.parse.markup.man_conditions import ShownLines
from lake.parse.markup.man_tables import table_rows
from lake.parse.markup.mdoc import INLINE, line_words
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

#: Does what a request with the rest of its line does.
ManRequest = Callable[["ManReader", str], None]


class ManReader:
    """Reads ``source`` by ``requests``. Results are ``writer``, ``title`` and ``stated``, which is metadata."""

    def __init__(self, source: str, requests: Mapping[str, ManRequest]) -> None:
        self._requests = requests
        self._lines = ShownLines(source.split("\n"))
        self.writer = TextWriter()
        self.title = ""
        self.stated: dict[str, object] = {}
        self._strings = dict(STRINGS)
        self.words: list[str] = []
        #: ShownLines of the open list; and the label that waits for its item, or for the line that states it.
        self._items: list[str] = []
        self.label: str | None = None
        self._wants_label = False
        self.depth = 0
        self._code: list[str] | None = None
        self._links: list[tuple[str, int]] = []
        self.name = ""
        #: Kinds of open lists of mdoc, with the number of the last item.
        self.lists: list[tuple[str, int]] = []
        self.rows: list[list[str]] = []

    def read(self) -> None:
        for line in self._lines:
            self._line(line)
        self.end_code()
        self.end_paragraph()
        self.end_list()
        for kind, text, place in self._lines.omitted:
            self.writer.omit(kind, text, place)

    def plain(self, text: str) -> str:
        return plain(text, self._strings)

    def _line(self, line: str) -> None:
        line = without_comment(line)
        match = _REQUEST.fullmatch(line) if line[:1] in (".", "'") else None
        if match is None:
            self.text(self.plain(line), is_indented=line[:1] in (" ", "\t"))
        elif match[1]:
            self._request(match[1], match[2])

    def text(self, text: str, *, is_indented: bool = False) -> None:
        """Words of the running paragraph; a blank line ends it, an indented one begins a line of its own."""
        if self._code is not None:
            self._code.append(text)
        elif not text.strip():
            self.label = "" if self._wants_label else self.label
            self._wants_label = False
            if self.label is None or self.words:
                self.end_paragraph()
        elif self._wants_label:
            self.label, self._wants_label = text.strip(), False
        else:
            if is_indented and self.words:
                self.words.append("\n")
            self.words.append(text.strip())

    def _request(self, name: str, rest: str) -> None:
        handler = self._requests.get(name)
        if handler is not None:
            handler(self, rest)
        elif name in INLINE:
            words = [self.plain(one) for one in arguments(rest)]
            if name == "Nm" and not self.name and words:
                self.name = words[0]
            self.text(line_words(name, words, self.name))
        elif name in _ALTERNATING:
            self.text(self.plain("".join(arguments(rest))))
        elif name in _FONTS:
            self.text(self.plain(" ".join(arguments(rest))) if rest.strip() else "\0")
        elif name.startswith("%"):
            self.text(self.plain(" ".join(arguments(rest))) + ",")
        elif name not in _SETTINGS and rest.strip() and not has_measures_only(rest):
            self.text(self.plain(" ".join(arguments(rest))))

    # Blocks

    def end_paragraph(self, rest: str = "") -> None:
        text = "".join(joined(self.words)).replace("\0", "").strip()
        self.words.clear()
        label, self.label = self.label, None
        indent = "  " * min(self.depth, _MOST_INDENTED)
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

    def end_list(self) -> None:
        margin = min((len(line) - len(line.lstrip()) for line in self._items), default=0)
        self.writer.add("\n".join(line[margin:] for line in self._items), "list")
        self._items.clear()

    def paragraph(self, rest: str) -> None:
        self.end_paragraph()
        if not self.depth and not self.lists:
            self.end_list()

    def _heading(self, rest: str, level: int) -> None:
        self.end_code()
        self.end_paragraph()
        self.end_list()
        self.depth, self.lists = 0, []
        stated = rest if rest.strip() else self._lines.next_text()
        words = [self.plain(one) for one in arguments(stated)]
        text = line_words("No", words, self.name)
        if len(text) > _LONGEST_LABEL:
            self.writer.add(text)
        else:
            self.writer.heading(text, level)

    def _head(self, rest: str) -> None:
        """The page's name and section; its date, source and manual stand around each page."""
        words = [self.plain(one) for one in arguments(rest)]
        self.title = f"{words[0]}({words[1]})" if len(words) > 1 else "".join(words)
        self.writer.heading(self.title, 1)
        if len(words) > 2:
            self.stated |= {"date": words[2]} if words[2] else {}
            self.writer.omit("running_line", "\n".join(words[2:]), "date, source and manual")

    def _date(self, rest: str) -> None:
        self.stated["date"] = rest.strip()
        self.writer.omit("running_line", self.plain(rest), "date, source and manual")

    def _tag(self, rest: str) -> None:
        self.end_paragraph()
        self._wants_label = True

    def _item(self, rest: str) -> None:
        words = arguments(rest)
        self.end_paragraph()
        if words and self.plain(words[0]).strip():
            self.label = self.plain(words[0]).strip()

    def _indent(self, rest: str, by: int) -> None:
        self.end_paragraph()
        self.depth = max(0, self.depth + (by if self._items or by < 0 else 0))

    def begin_code(self, rest: str) -> None:
        if self._code is None:
            self.end_paragraph()
            self._code = []

    def end_code(self, rest: str = "") -> None:
        code, self._code = self._code, None
        if code is None or not any(line.strip("\0 ") for line in code):
            return
        self.end_list()
        self.writer.code("\n".join(line.replace("\0", "") for line in code))

    def _break(self, rest: str) -> None:
        if self._code is not None:
            return
        if self.words:
            self.words.append("\n")

    def _space(self, rest: str) -> None:
        self.text("")

    def _table(self, rest: str) -> None:
        self.end_paragraph()
        self.end_list()
        rows, formats = table_rows(self._lines.until("TE"))
        self.writer.omit("decoration", formats, "formats of a table")
        self.writer.table([[" ".join(self.plain(cell).split()) for cell in row] for row in rows])

    def _equation(self, rest: str) -> None:
        self.text(" ".join(map(str.strip, self._lines.until("EN"))))

    def _link(self, rest: str) -> None:
        self._links.append((self.plain(rest).strip(), len(self.words)))

    def _end_link(self, rest: str) -> None:
        if not self._links:
            return
        address, start = self._links.pop()
        shown = " ".join(self.words[start:])
        if address and address not in shown:
            self.text(f"<{address}>" if shown.strip() else address)
        if self.words and rest.strip():
            self.words[-1] += self.plain(rest).strip()

    def _reference(self, rest: str) -> None:
        words = [self.plain(one) for one in arguments(rest)]
        if words:
            section = f"({words[1]})" if len(words) > 1 else ""
            self.text(f"{words[0]}{section}{''.join(words[2:])}")

    def _option(self, rest: str) -> None:
        self.text(f"[{' '.join(map(self.plain, arguments(rest)))}]")

    def _synopsis(self, rest: str) -> None:
        self.end_paragraph()
        self.text(self.plain(rest))

    def _string(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        self._strings[name] = self.plain(value.lstrip().removeprefix('"'))[:_LONGEST_STRING]

    def _file(self, rest: str) -> None:
        self.writer.omit("attachment", "", rest.strip())


def joined(words: list[str]) -> list[str]:
    """Words with a space between them, but not around a line's end."""
    pieces: list[str] = []
    for word in words:
        if pieces and word != "\n" and pieces[-1] != "\n":
            pieces.append(" ")
        pieces.append(word)
    return pieces


#: Requests of man, and those that mdoc shares with it.
MAN_REQUESTS: Mapping[str, ManRequest] = {
    **dict.fromkeys(("TH", "Dt"), ManReader._head),
    "Dd": ManReader._date,
    **dict.fromkeys(("SH", "Sh"), partial(ManReader._heading, level=2)),
    **dict.fromkeys(("SS", "Ss"), partial(ManReader._heading, level=3)),
    **dict.fromkeys(("PP", "P", "LP", "Pp", "Lp", "HP"), ManReader.paragraph),
    **dict.fromkeys(("TP", "TQ"), ManReader._tag),
    "IP": ManReader._item,
    "RS": partial(ManReader._indent, by=1),
    "RE": partial(ManReader._indent, by=-1),
    **dict.fromkeys(("nf", "EX", "Vb"), ManReader.begin_code),
    **dict.fromkeys(("fi", "EE", "Ve"), ManReader.end_code),
    "br": ManReader._break,
    **dict.fromkeys(("sp", "Sp"), ManReader._space),
    "TS": ManReader._table,
    "EQ": ManReader._equation,
    **dict.fromkeys(("UR", "MT"), ManReader._link),
    **dict.fromkeys(("UE", "ME"), ManReader._end_link),
    "MR": ManReader._reference,
    "OP": ManReader._option,
    "SY": ManReader._synopsis,
    "YS": ManReader.paragraph,
    "ds": ManReader._string,
    "so": ManReader._file,
    "Rs": ManReader.paragraph,
    "Re": ManReader.paragraph,
}

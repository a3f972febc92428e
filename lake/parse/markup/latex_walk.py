"""Walks the source of LaTeX and writes its text block by block."""

from __future__ import annotations

import re
from collections.abc import Callable

from lake.parse.canonical import TextWriter, one_line, runs_into
from lake.parse.markup.latex_commands import (
    BOXES,
    DROPPED,
    FILES,
    LISTS,
    NUMBERED,
    QUOTES,
    REFERENCES,
    SECTIONS,
    STATED,
    THEOREMS,
    WITH_ARGUMENTS,
)
from lake.parse.markup.latex_source import (
    MATH,
    VERBATIM,
    Macro,
    argument,
    decoded_outside,
    group,
    option,
    reading,
)
from lake.parse.markup.latex_tables import TABLES, rows_of
from lake.parse.web.html_table import PageCell, grid

_PLACEMENT = re.compile(r"[\s!hHtbpclrs]*|.*=.*|[\d.]+\w*|\\?\w*(?:width|sep|height)", re.DOTALL)
_LANGUAGE = re.compile(r"language\s*=\s*(?:\{?\[[^\]]*\])?\{?([\w+#]+)", re.IGNORECASE)
_TOKEN = re.compile(
    r"\\([a-zA-Z]+)(\*?)(<[\d,.+@a-z:|-]*>)?[ \t]*(?:\n(?![ \t]*\n)[ \t]*)?"
    r"|\\([^a-zA-Z])|(\$\$?)|([{}])|(\n[ \t]*\n\s*)|(``|''|,,|\"`|\"')|(---?)|([~&#])"
)
_QUOTE_SIGNS = {"``": "\u201c", "''": "\u201d", ",,": "\u201e", '"`': "\u201e", "\"'": "\u201c"}
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_BREAK = "\0"
_MOST_EXPANDED = 2000
_DEEPEST = 40
_LONGEST_REPEATED = 80
_AND = re.compile(r"\s*\\(?:and|And|AND)\b\s*")
_NOTE_MARK = re.compile(r"\s*\[\d+\]")
#: The slides of a presentation on which something is shown.
_OVERLAY = re.compile(r"\s*<[\d,.+@a-z:|-]*>")


class LatexWalk:
    """Writes the text of LaTeX to ``writer``; ``macros`` are the author's own commands."""

    def __init__(self, writer: TextWriter, macros: dict[str, Macro], *, flat: bool = False) -> None:
        self.stated: dict[str, str] = {}
        self.title = ""
        self._writer = writer
        self._macros = macros
        self._flat = flat
        self._text: list[str] = []
        self._lists: list[int | None] = []
        self._lines: list[str] = []
        self._bullet = ""
        self._quotes = self._n_notes = self._n_expanded = self._depth = 0
        self._notes: list[str] = []

    def front(self, stated: dict[str, str]) -> None:
        """Write what stands in front of the text: title, authors, date."""
        self._interrupt()
        for name, value in stated.items():
            words = one_line(self.words(_AND.sub(", ", value)).replace(_BREAK, " "))
            if name == "title" and words:
                self.title = _NOTE_MARK.sub("", words)
                self._writer.heading(words, 1)
            elif words:
                self._writer.add(words)
        self._interrupt()

    def author(self, value: str) -> str:
        """Names without marks of notes."""
        return _NOTE_MARK.sub("", self.words(_AND.sub(", ", value)))

    def words(self, source: str) -> str:
        """The words of a part of the source on one line."""
        inner = LatexWalk(self._writer, self._macros, flat=True)
        inner._n_notes, inner._notes = self._n_notes, self._notes
        inner._n_expanded, inner._depth = self._n_expanded, self._depth + 1
        if self._depth < _DEEPEST:
            inner.read(source)
        else:
            inner._text.append(source)
        self._n_notes, self._n_expanded = inner._n_notes, inner._n_expanded
        return one_line("".join(inner._text).replace(_BREAK, " "))

    def end(self) -> None:
        self._interrupt()

    def read(self, source: str) -> None:
        """Read a part of the source."""
        if self._depth > _DEEPEST:
            self._text.append(source)
            return
        self._depth += 1
        source, at = decoded_outside(source), 0
        while match := _TOKEN.search(source, at):
            self._text.append(source[at : match.start()])
            at = self._token(source, match)
        self._text.append(source[at:])
        self._depth -= 1

    def _token(self, source: str, match: re.Match[str]) -> int:
        command, _, _, sign, dollar, _, blank, quote, dash, character = match.groups()
        at = match.end()
        if command:
            return self._command(command, source, at)
        if sign:
            return self._sign(sign, source, at)
        if dollar:
            return self._formula(source, match.start(), at, dollar, dollar)
        if blank:
            self._flush()
        elif quote:
            self._text.append(_QUOTE_SIGNS[quote])
        elif dash:
            self._text.append("\u2014" if len(dash) == 3 else "\u2013")
        elif character:
            self._text.append(character if character == "#" else " ")
        return at

    def _sign(self, sign: str, source: str, at: int) -> int:
        if sign in "[(":
            return self._formula(source, at - 2, at, f"\\{sign}", "\\]" if sign == "[" else "\\)")
        if sign == "\\":
            found = option(source, at) if source[at : at + 1] == "[" else None
            self._text.append(_BREAK)
            return found[1] if found else at + (source[at : at + 1] == "*")
        if sign in "%&$#_{}":
            self._text.append(sign)
        elif sign in " ,;:>\n\t":
            self._text.append(" ")
        return at

    def _formula(self, source: str, start: int, at: int, opening: str, closing: str) -> int:
        end = at
        while (end := source.find(closing, end)) > 0 and source[end - 1] == "\\" and closing[0] == "$":
            end += 1
        if end < 0 or _BLANK_LINE.search(source, at, end):
            self._text.append("$" if closing[0] == "$" else "")
            return at
        text = source[start : end + len(closing)]
        if opening in ("$$", "\\["):
            self._flush()
            self._paragraph(text)
        else:
            self._text.append(text)
        return end + len(closing)

    # Commands --------------------------------------------------------------------------------------------------------

    def _command(self, name: str, source: str, at: int) -> int:
        handler = _COMMANDS.get(name)
        if handler:
            return handler(self, name, source, at)
        if name in self._macros and self._n_expanded < _MOST_EXPANDED:
            return self._expanded(name, source, at)
        if name in SECTIONS:
            return self._section(name, source, at)
        if name in DROPPED:
            return self._dropped(name, source, at)
        if REFERENCES.fullmatch(name):
            return self._reference(source, at)
        return self._unknown(source, at)

    def _unknown(self, source: str, at: int) -> int:
        """Keep what a command holds, its arguments apart if it has several."""
        found, after = [], at
        while (one := option(source, after) or group(source, after)) and source[after : after + 1] in "{[":
            if source[after] == "{" or not _PLACEMENT.fullmatch(one[0]):
                found.append(one[0])
            after = one[1]
        if len(found) < 2:
            for one_found in found:
                self.read(one_found)
            if not found and source[at - 1 : at] in (" ", "\n", "\t"):
                self._text.append(" ")
            return after if found else max(at, after)
        for one_found in found:
            self._text.append(" ")
            self.read(one_found)
        self._text.append(" ")
        return after

    def _expanded(self, name: str, source: str, at: int) -> int:
        macro = self._macros[name]
        self._n_expanded += 1
        values: list[str] = []
        if macro.default is not None and (found := option(source, at)):
            values.append(found[0])
            at = found[1]
        elif macro.default is not None:
            values.append(macro.default)
        while len(values) < macro.n_arguments:
            value, at = argument(source, at)
            values.append(value)
        for number, value in enumerate(values, 1):
            if f"#{number}" not in macro.body:
                self._writer.omit("hidden", reading(value, DROPPED), f"\\{name}")
        body = re.sub(
            r"#(\d)", lambda one: values[int(one[1]) - 1] if 0 < int(one[1]) <= len(values) else "", macro.body
        )
        if not macro.n_arguments and source[at : at + 2] == "{}":
            at += 2
        self.read(body)
        if not macro.n_arguments and source[at - 1 : at] in " \n\t":
            self._text.append(" ")
        return at

    def _section(self, name: str, source: str, at: int) -> int:
        if found := option(source, at):
            short = found[0]
            at = found[1]
            self._writer.omit("repeated", reading(short, DROPPED), "short titles")
        value, at = argument(source, at)
        if self._flat:
            self._text.append(f" {self.words(value)} ")
            return at
        self._interrupt()
        self._writer.heading(self.words(value), SECTIONS[name])
        return at

    def _dropped(self, name: str, source: str, at: int) -> int:
        found = option(source, at)
        while found:
            at = found[1]
            found = option(source, at)
        first = ""
        for number in range(DROPPED[name]):
            value = group(source, at)
            if value is None:
                break
            at = value[1]
            first = first if number else value[0]
            while found := option(source, at):
                at = found[1]
        if name in FILES and first:
            for file in first.split(","):
                self._writer.omit("attachment", "", file.strip())
        return at

    def _reference(self, source: str, at: int) -> int:
        notes = []
        while found := option(source, at):
            notes.append(self.words(found[0]))
            at = found[1]
        key, at = argument(source, at)
        self._text.append(f"[{', '.join(filter(None, (*notes, key.strip())))}]")
        return at

    def _address(self, name: str, source: str, at: int) -> int:
        found = group(source, at)
        if found is None:
            return at
        if name == "href" and (shown := group(source, found[1])):
            self.read(shown[0])
            return shown[1]
        self._text.append(re.sub(r"\\([%#&_~{}])", r"\1", found[0]))
        return found[1]

    def _note(self, name: str, source: str, at: int) -> int:
        found = option(source, at)
        at = found[1] if found else at
        if name == "footnotemark":
            self._text.append(f" [{found[0] if found else self._n_notes + 1}]")
            return at
        value, at = argument(source, at)
        self._n_notes += not (found and name == "footnotetext")
        mark = found[0] if found and name == "footnotetext" else str(self._n_notes)
        if name != "footnotetext":
            self._text.append(f" [{mark}]")
        self._notes.append(f"[{mark}] {self.words(value)}")
        return at

    def _caption(self, name: str, source: str, at: int) -> int:
        if name == "captionof":
            at = argument(source, at)[1]
        found = option(source, at)
        if found:
            self._writer.omit("repeated", reading(found[0], DROPPED), "short titles")
            at = found[1]
        value, at = argument(source, at)
        if self._flat:
            self._text.append(f" {self.words(value)} ")
        else:
            self._flush()
            self._paragraph(self.words(value))
        return at

    def _front_matter(self, name: str, source: str, at: int) -> int:
        """Title, author and the like among the text, as in classes that want them there."""
        found = option(source, at)
        value, at = argument(source, found[1] if found else at)
        if name == "title" and not self._flat:
            self.front({"title": value})
        else:
            self._flush()
            self.read(value)
            self._flush()
        return at

    def _title_page(self, name: str, source: str, at: int) -> int:
        stated, self.stated = self.stated, {}
        self.front(stated)
        return at

    def _item(self, name: str, source: str, at: int) -> int:
        self._flush()
        label = ""
        if found := option(source, at):
            label = self.words(found[0])
            at = found[1]
        if name == "bibitem":
            key, at = argument(source, at)
            if label:
                self._writer.omit("decoration", key, "keys")
            label = f"[{label or key}]"
        if not self._lists:
            self._text.append(f"{label} " if label else "")
            return at
        number = self._lists[-1]
        bullet = "-"
        if number is not None:
            if not label:
                bullet = f"{number}."
            self._lists[-1] = number + 1
        self._bullet = f"{'  ' * max(0, len(self._lists) - 1)}{bullet} " + (f"{label} " if label else "")
        return at

    def _verb(self, name: str, source: str, at: int) -> int:
        found = option(source, at)
        at = found[1] if found else at
        if name == "mintinline":
            at = argument(source, at)[1]
        sign = source[at : at + 1]
        if sign == "{":
            inner = group(source, at)
            if inner:
                self._text.append(inner[0])
                return inner[1]
        end = source.find(sign, at + 1) if sign else -1
        if end < 0:
            return at
        self._text.append(source[at + 1 : end])
        return end + 1

    def _break(self, name: str, source: str, at: int) -> int:
        self._flush()
        return at

    def _line_break(self, name: str, source: str, at: int) -> int:
        self._text.append(_BREAK)
        return at

    def _raised(self, name: str, source: str, at: int) -> int:
        value, at = argument(source, at)
        words = self.words(value)
        before = next((text for text in reversed(self._text) if text), "")
        self._text.append(f"^{words}" if runs_into(before, words) else words)
        return at

    def _quantity(self, name: str, source: str, at: int) -> int:
        """A number and its unit, whose commands are its words; a sign behind it stands next to it."""
        parts = list[str]()
        while found := option(source, at) or group(source, at):
            if source[at : at + 1] not in "{[":
                break
            if source[at] == "{":
                parts.append(re.sub(r"\\([a-zA-Z]+)", r" \1", found[0]).strip())
            at = found[1]
        self._text.append(" ".join(parts))
        return at

    def _quoted(self, name: str, source: str, at: int) -> int:
        value, at = argument(source, at)
        self._text.append("\u201c")
        self.read(value)
        self._text.append("\u201d")
        return at

    # Environments ----------------------------------------------------------------------------------------------------

    def _begin(self, name: str, source: str, at: int) -> int:
        kind, at = argument(source, at)
        base = kind.rstrip("*")
        is_verbatim = re.fullmatch(VERBATIM, kind) is not None
        if is_verbatim or base in MATH or base in TABLES:
            end = _end_of(source, at, kind, nests=not is_verbatim)
            inner = source[at : end[0]]
            if is_verbatim:
                self._listing(kind, inner)
            elif base in MATH:
                self._flush()
                self._paragraph(re.sub(r"\\label\{[^{}]*\}|\\nonumber\b", "", inner).strip())
            else:
                self._table(base, inner)
            return end[1]
        words, at = self._options(source, at)
        for _ in range(WITH_ARGUMENTS.get(base, 0)):
            if found := group(source, at):
                at = found[1]
        self._open(base, "" if base == "frame" else words)
        if base in ("frame", *BOXES):
            if overlay := _OVERLAY.match(source, at):
                at = overlay.end()
            while source[at : at + 1] == "{" and (title := group(source, at)):
                self._interrupt()
                words = self.words(title[0])
                if base == "frame":
                    self._writer.heading(words, 2)
                else:
                    self._paragraph(words)
                at = title[1]
        return at

    def _options(self, source: str, at: int) -> tuple[str, int]:
        words = ""
        while found := option(source, at):
            at = found[1]
            if not _PLACEMENT.fullmatch(found[0]):
                words = self.words(found[0])
        return words, at

    def _open(self, base: str, words: str) -> None:
        if base in LISTS:
            if self._lists:
                self._flush()
            else:
                self._interrupt()
            self._lists.append(1 if base in NUMBERED else None)
            return
        self._flush()
        if base in QUOTES:
            self._quotes += 1
        elif base == "abstract" and not self._flat:
            self._interrupt()
            self._writer.heading("Abstract", 2)
        elif base in THEOREMS:
            self._text.append(f"{base.capitalize()} ({words}). " if words else f"{base.capitalize()}. ")
        elif words:
            self._text.append(f"{words} ")

    def _end(self, name: str, source: str, at: int) -> int:
        kind, at = argument(source, at)
        self._flush()
        base = kind.rstrip("*")
        if base in QUOTES and self._quotes:
            self._quotes -= 1
        elif base in LISTS and self._lists:
            self._bullet = ""
            self._lists.pop()
            if not self._lists:
                self._write_list()
        return at

    def _listing(self, kind: str, inner: str) -> None:
        found, at, language = option(inner, 0) if inner[:1] == "[" else None, 0, ""
        if found and kind not in ("verbatim", "alltt"):
            at = found[1]
            if match := _LANGUAGE.search(found[0]):
                language = match[1].lower()
            if title := re.search(r"(?:caption|title)\s*=\s*(\{[^{}]*\}|[^,]*)", found[0]):
                self._flush()
                self._paragraph(self.words(title[1].strip("{}")))
        if kind in ("minted", "filecontents", "filecontents*", "picture") and (named := group(inner, at)):
            language, at = (named[0].strip().lower() if kind == "minted" else language), named[1]
        if self._flat:
            self._text.append(f" {inner[at:]} ")
            return
        self._interrupt()
        self._writer.code(inner[at:], language if re.fullmatch(r"[\w+#-]*", language) else "")

    def _table(self, base: str, inner: str) -> None:
        self._interrupt()
        rows, captions, later = rows_of(base, inner)
        if later:
            self._writer.omit("repeated", reading(later, DROPPED), "rows on later pages")
        texts = grid([cell._replace(text=self.words(cell.text), n_rows=1) for cell in row] for row in rows)
        _repeat(texts, rows)
        texts = [row for row in texts if any(row)]
        if self._flat:
            self._text.append(" ".join(" ".join(filter(None, row)) for row in texts))
            return
        for caption in captions:
            self._writer.add(self.words(caption))
        if max((sum(map(bool, row)) for row in texts), default=0) < 2:
            for row in texts:
                self._writer.add(next(filter(None, row)))
        else:
            self._writer.table(texts)
        self._flush()

    # Text ------------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        if self._flat:
            self._text.append(" ")
            return
        text = "".join(self._text)
        self._text.clear()
        lines = [line for line in map(one_line, text.split(_BREAK)) if line]
        self._paragraph("\n".join(lines))

    def _paragraph(self, text: str) -> None:
        notes, self._notes[:] = list(self._notes), []
        if text and self._flat:
            self._text.append(f" {text} ")
        elif text and self._lists:
            indent = "  " * (len(self._lists) - 1)
            bullet, self._bullet = self._bullet, ""
            self._lines.append((bullet or f"{indent}  ") + one_line(text))
        elif text:
            self._write_list()
            self._writer.add(text, "quote" if self._quotes else "paragraph")
        if self._flat:
            self._notes[:] = notes
            return
        for note in notes:
            if self._lists:
                self._lines.append("  " * len(self._lists) + note)
            else:
                self._writer.add(note)

    def _write_list(self) -> None:
        if self._lines:
            margin = min(len(line) - len(line.lstrip()) for line in self._lines)
            self._writer.add("\n".join(line[margin:] for line in self._lines), "list")
            self._lines.clear()

    def _interrupt(self) -> None:
        self._flush()
        if not self._flat:
            self._write_list()


def _end_of(source: str, at: int, kind: str, *, nests: bool) -> tuple[int, int]:
    """Where an environment's content ends and where its end does; one inside of the same kind is passed over."""
    depth = 1
    for match in re.compile(rf"\\({'begin|' if nests else ''}end)\s*\{{{re.escape(kind)}\}}").finditer(source, at):
        depth += 1 if match[1] == "begin" else -1
        if not depth:
            return match.start(), match.end()
    return len(source), len(source)


def _repeat(texts: list[list[str]], rows: list[list[PageCell]]) -> None:
    """Write a short cell over several rows into the empty cells that LaTeX wants below it."""
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            for below in texts[number + 1 : number + cell.n_rows]:
                words = texts[number][column]
                if column < len(below) and not below[column] and len(words) <= _LONGEST_REPEATED:
                    below[column] = words
            column += cell.n_columns


_NOTES = "footnote footnotetext footnotemark thanks endnote sidenote marginnote marginpar"
_BREAKS = "par newpage clearpage pagebreak bigskip medskip smallskip hrule cleardoublepage"
_COMMANDS: dict[str, Callable[[LatexWalk, str, str, int], int]] = {
    "begin": LatexWalk._begin,
    "end": LatexWalk._end,
    **dict.fromkeys(("item", "bibitem", "task", "question"), LatexWalk._item),
    **dict.fromkeys(_NOTES.split(), LatexWalk._note),
    **dict.fromkeys(("caption", "captionof", "subcaption"), LatexWalk._caption),
    **dict.fromkeys(("url", "href", "path", "nolinkurl"), LatexWalk._address),
    **dict.fromkeys(("verb", "lstinline", "mintinline", "Verb"), LatexWalk._verb),
    **dict.fromkeys(_BREAKS.split(), LatexWalk._break),
    **dict.fromkeys(("newline", "linebreak", "tabularnewline"), LatexWalk._line_break),
    **dict.fromkeys(("SI", "si", "qty", "unit", "SIrange", "qtyrange", "num", "ang"), LatexWalk._quantity),
    "textsuperscript": LatexWalk._raised,
    **dict.fromkeys(("enquote", "textquote"), LatexWalk._quoted),
    **dict.fromkeys((*STATED, "affil"), LatexWalk._front_matter),
    "maketitle": LatexWalk._title_page,
    "titlepage": LatexWalk._title_page,
}

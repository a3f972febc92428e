"""Walks the source of LaTeX: its signs, formulas and commands; those with a reader of their own are passed to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lake.parse.markup.latex_blocks import BREAK, LatexBlocks
from lake.parse.markup.latex_commands import DROPPED, FILES, REFERENCES, SECTIONS
from lake.parse.markup.latex_source import Macro, argument, decoded_outside, group, option, reading

#: An option that says where a thing stands or how it looks.
PLACEMENT = re.compile(r"[\s!hHtbpclrs]*|.*=.*|[\d.]+\w*|\\?\w*(?:width|sep|height)", re.DOTALL)
_TOKEN = re.compile(
    r"\\([a-zA-Z]+)(\*?)(<[\d,.+@a-z:|-]*>)?[ \t]*(?:\n(?![ \t]*\n)[ \t]*)?"
    r"|\\([^a-zA-Z])|(\$\$?)|([{}])|(\n[ \t]*\n\s*)|(``|''|,,|\"`|\"')|(---?)|([~&#])"
)
_QUOTE_SIGNS = {"``": "\u201c", "''": "\u201d", ",,": "\u201e", '"`': "\u201e", "\"'": "\u201c"}
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_MOST_EXPANDED = 2000
_DEEPEST = 40

#: Reads what follows the command of a name, at a place in a source; returns the place behind it.
LatexCommand = Callable[["LatexWalk", str, str, int], int]


class LatexWalk:
    """Reads LaTeX into ``blocks``; ``macros`` are the author's own commands, ``commands`` read others by their name."""

    def __init__(self, blocks: LatexBlocks, macros: Mapping[str, Macro], commands: Mapping[str, LatexCommand]) -> None:
        self.stated: dict[str, str] = {}
        self.title = ""
        self.blocks = blocks
        self._macros = macros
        self._commands = commands
        self._n_expanded = self._depth = 0

    def words(self, source: str) -> str:
        """The words of a part of the source on one line."""
        inner = LatexWalk(self.blocks.inner(), self._macros, self._commands)
        inner._n_expanded, inner._depth = self._n_expanded, self._depth + 1
        if self._depth < _DEEPEST:
            inner.read(source)
        else:
            inner.blocks.text.append(source)
        self._n_expanded = inner._n_expanded
        return inner.blocks.on_one_line

    def read(self, source: str) -> None:
        """Read a part of the source."""
        if self._depth > _DEEPEST:
            self.blocks.text.append(source)
            return
        self._depth += 1
        source, at = decoded_outside(source), 0
        while match := _TOKEN.search(source, at):
            self.blocks.text.append(source[at : match.start()])
            at = self._token(source, match)
        self.blocks.text.append(source[at:])
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
            self.blocks.flush()
        elif quote:
            self.blocks.text.append(_QUOTE_SIGNS[quote])
        elif dash:
            self.blocks.text.append("\u2014" if len(dash) == 3 else "\u2013")
        elif character:
            self.blocks.text.append(character if character == "#" else " ")
        return at

    def _sign(self, sign: str, source: str, at: int) -> int:
        if sign in "[(":
            return self._formula(source, at - 2, at, f"\\{sign}", "\\]" if sign == "[" else "\\)")
        if sign == "\\":
            found = option(source, at) if source[at : at + 1] == "[" else None
            self.blocks.text.append(BREAK)
            return found[1] if found else at + (source[at : at + 1] == "*")
        if sign in "%&$#_{}":
            self.blocks.text.append(sign)
        elif sign in " ,;:>\n\t":
            self.blocks.text.append(" ")
        return at

    def _formula(self, source: str, start: int, at: int, opening: str, closing: str) -> int:
        end = at
        while (end := source.find(closing, end)) > 0 and source[end - 1] == "\\" and closing[0] == "$":
            end += 1
        if end < 0 or _BLANK_LINE.search(source, at, end):
            self.blocks.text.append("$" if closing[0] == "$" else "")
            return at
        text = source[start : end + len(closing)]
        if opening in ("$$", "\\["):
            self.blocks.flush()
            self.blocks.paragraph(text)
        else:
            self.blocks.text.append(text)
        return end + len(closing)

    def _command(self, name: str, source: str, at: int) -> int:
        handler = self._commands.get(name)
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
            if source[after] == "{" or not PLACEMENT.fullmatch(one[0]):
                found.append(one[0])
            after = one[1]
        if len(found) < 2:
            for one_found in found:
                self.read(one_found)
            if not found and source[at - 1 : at] in (" ", "\n", "\t"):
                self.blocks.text.append(" ")
            return after if found else max(at, after)
        for one_found in found:
            self.blocks.text.append(" ")
            self.read(one_found)
        self.blocks.text.append(" ")
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
                self.blocks.writer.omit("hidden", reading(value, DROPPED), f"\\{name}")
        body = re.sub(
            r"#(\d)", lambda one: values[int(one[1]) - 1] if 0 < int(one[1]) <= len(values) else "", macro.body
        )
        if not macro.n_arguments and source[at : at + 2] == "{}":
            at += 2
        self.read(body)
        if not macro.n_arguments and source[at - 1 : at] in " \n\t":
            self.blocks.text.append(" ")
        return at

    def _section(self, name: str, source: str, at: int) -> int:
        if found := option(source, at):
            short = found[0]
            at = found[1]
            self.blocks.writer.omit("repeated", reading(short, DROPPED), "short titles")
        value, at = argument(source, at)
        if self.blocks.flat:
            self.blocks.text.append(f" {self.words(value)} ")
            return at
        self.blocks.interrupt()
        self.blocks.writer.heading(self.words(value), SECTIONS[name])
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
                self.blocks.writer.omit("attachment", "", file.strip())
        return at

    def _reference(self, source: str, at: int) -> int:
        notes = []
        while found := option(source, at):
            notes.append(self.words(found[0]))
            at = found[1]
        key, at = argument(source, at)
        self.blocks.text.append(f"[{', '.join(filter(None, (*notes, key.strip())))}]")
        return at

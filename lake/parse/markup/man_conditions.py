"""The lines of a manual page that are read: without definitions of macros and the sides of conditions for printers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lake.parse.document import OmissionKind

_CONDITION = re.compile(r"[.'][ \t]*(if|ie|el|while)\b[ \t]*(.*)", re.DOTALL)
_DEFINITION = re.compile(r"[.'][ \t]*(?:de1?|dei1?|am1?|ig)\b[ \t]*(\S*)[ \t]*(\S*)")
_TEST = re.compile(r"""!?(?:'[^']*'[^']*'|"[^"]*"[^"]*"|\S+?)(?=\s|\\\{|\Z)[ \t]*""")
_ONLY_IN_PRINT = ("t", "!n")
#: Tests of names and colours, which are for printers too.
_NOT_SHOWN = ("F", "c")


class ShownLines:
    """Iterates over the lines that a reader of the page on a screen is shown; ``omitted`` has the others."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._place = 0
        self.omitted: list[tuple[OmissionKind, str, str]] = []
        self._holds = True

    def __iter__(self) -> Iterator[str]:
        while self._place < len(self._lines):
            line = self._lines[self._place]
            self._place += 1
            while line.endswith("\\") and not line.endswith("\\\\") and self._place < len(self._lines):
                line = line[:-1] + self._lines[self._place]
                self._place += 1
            while match := _CONDITION.fullmatch(line):
                line = self._condition(match[1], match[2])
            if _DEFINITION.match(line):
                self._skip_definition(line)
            elif line.strip() not in (".\\}", "'\\}", "\\}", "..", "."):
                yield line.removesuffix("\\}")

    def next_text(self) -> str:
        """The next line, for a request whose arguments stand on it."""
        line = next(iter(self), "")
        return re.sub(r"^[.'][ \t]*\S+[ \t]*", "", line)

    def until(self, request: str) -> Iterator[str]:
        """The lines up to a request."""
        while self._place < len(self._lines):
            line = self._lines[self._place]
            self._place += 1
            if line[:1] in (".", "'") and line[1:].split()[:1] == [request]:
                return
            yield line

    def _skip_definition(self, line: str) -> None:
        match = _DEFINITION.match(line)
        named = match is not None and not line[1:].lstrip().startswith("ig")
        end = "" if match is None else match[2] if named else match[1]
        skipped = list(self.until(end or "."))
        self.omitted.append(("hidden", "\n".join(skipped), "definitions of macros"))

    def _condition(self, kind: str, rest: str) -> str:
        """What a condition shows on its own line; lines of a block that is not shown are skipped."""
        if kind == "el":
            holds = not self._holds
        else:
            test = _TEST.match(rest)
            stated = test[0].strip() if test else ""
            rest = rest[test.end() :] if test else rest
            holds = stated not in _ONLY_IN_PRINT and not stated.startswith(_NOT_SHOWN) and kind != "while"
            self._holds = holds
        if holds:
            return rest.removeprefix("\\{").removeprefix("\\").strip()
        depth = rest.count("\\{") - rest.count("\\}")
        skipped = [rest]
        while depth > 0 and self._place < len(self._lines):
            line = self._lines[self._place]
            self._place += 1
            depth += line.count("\\{") - line.count("\\}")
            skipped.append(line)
        self.omitted.append(("hidden", "\n".join(skipped), "for other devices"))
        return ""

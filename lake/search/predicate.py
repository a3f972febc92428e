"""SQL predicates over the chunks of a release, put together so that no part can reach beyond its own parentheses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lake.errors import UsageError
from lake.tables.sql import quoted

#: A longer one is built by a program, which passes ``filters`` instead.
MAX_CHARACTERS = 10_000
#: Lance plans a chain of arithmetic recursively, and a thousand links overflow its stack, which ends the process.
_MAX_OPERATORS = 100
_OPERATORS = "+-*/%|&^~"

_PIECE = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*`)
      | (?P<bad>-- | /\* | \*/ | [;\\#$\0'"`])
      | (?P<open>[(\[{]) | (?P<close>[)\]}])
      | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a chunk must satisfy to be ranked, as SQL; None where each one may be."""

    sql: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether no chunk can pass, so that there is nothing to search."""
        return self.sql == NOTHING.sql

    def __and__(self, other: Predicate) -> Predicate:
        if self.is_nothing or other.is_nothing:
            return NOTHING
        parts = [part.sql for part in (self, other) if part.sql is not None]
        return Predicate(" AND ".join(f"({part})" for part in parts) if len(parts) > 1 else (*parts, None)[0])


ANYTHING = Predicate()
NOTHING = Predicate("false")


def enclosed(where: str) -> str:
    """SQL that somebody wrote, in parentheses that it can't leave; UsageError where it might.

    Lance reads one expression and ignores what follows it, so that it takes ``1=1) OR (1=1`` without a word.
    """
    if not isinstance(where, str) or not where.strip():
        raise UsageError(f"where={where!r} is no SQL predicate, such as \"language = 'de' AND page < 10\"")
    if len(where) > MAX_CHARACTERS:
        raise UsageError(f"where has {len(where):,} characters, at most {MAX_CHARACTERS:,} are allowed; use filters")
    quoted(where)
    opened: list[str] = []
    before = " "
    for piece in _PIECE.finditer(where):
        if piece["bad"]:
            raise UsageError(f"where can't hold {piece['bad']!r} outside of quotes: comments, escapes and half a quote")
        if piece["quoted"] and (before.isalnum() or before == "_" or "\\'" in piece["quoted"]):
            raise UsageError(f"where can't hold {before + piece['quoted'][:20]!r}: plain quotes after a space only")
        if piece["open"]:
            opened.append(piece["open"])
        elif piece["close"] and (not opened or opened.pop() != _PAIRS[piece["close"]]):
            raise UsageError(f"where has a {piece['close']!r} that nothing opens; it must stand on its own")
        before = piece[0][-1]
    if sum(piece[0] in _OPERATORS for piece in _PIECE.finditer(where)) > _MAX_OPERATORS:
        raise UsageError(f"where has more than {_MAX_OPERATORS} arithmetic operators; use filters")
    if opened:
        raise UsageError(f"where has a {opened[-1]!r} that nothing closes; it must stand on its own")
    return f"({where})"

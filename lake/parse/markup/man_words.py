"""The words of a manual page, line by line, by a reading that knows no macros."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lake.parse.markup.man_conditions import ShownLines
from lake.parse.markup.mdoc import INLINE
from lake.parse.markup.roff_escapes import STRINGS, has_measures_only, plain, without_comment

_REQUEST = re.compile(r"[.'][ \t]*(%?\w+|\S)[ \t]*(.*)", re.DOTALL)
_IS_BSD = re.compile(r"^\.Dd\b", re.MULTILINE)
#: Requests whose arguments are no words of the page.
_SETTINGS = frozenset(
    (
        *("ad", "na", "hy", "nh", "ne", "ll", "ta", "ft", "fam", "ps", "in", "ti", "vs", "po", "nr", "rm", "rn", "tr"),
        *("lf", "cs", "fp", "bp", "pl", "hw", "cc", "c2", "ec", "eo", "it", "ss", "tm", "ab", "pc", "mk", "rt", "so"),
        *("do", "mso", "als", "ev", "evc", "lt", "ce", "rj", "di", "da", "wh", "ch", "kern", "DT", "PD", "UC", "AT"),
        *("IX", "Os", "Bk", "Ek", "Sm", "RS", "RE", "Vb", "Ve", "sp", "br", "nf", "fi", "Bl", "El", "Bd", "Ed", "ds"),
        *("if", "ie", "el", "while", "TP", "HP", "hym", "hys", "hla", "warn", "as", "am", "de", "ig", "Sp", "Rs", "Re"),
    )
)
#: The width of an item's label.
_MEASURE = re.compile(r"[ \t][-+]?[\d.]+[a-z]?[ \t]*\Z")
#: What begins and ends a block in a table.
_BLOCK = re.compile(r"\bT(?:\{$|\}(?=\W|$))")
_JOINED = frozenset(("BI", "BR", "IB", "IR", "RB", "RI", "SB"))


def reading(source: str) -> str:
    """All words but those of settings; macros inside lines of mdoc are none."""
    is_bsd = _IS_BSD.search(source) is not None
    lines = ShownLines(source.split("\n"))
    shown = list(_words(lines, is_bsd))
    return "\n".join([*shown, *(text for _, text, _ in lines.omitted)])


def _words(lines: Iterable[str], is_bsd: bool) -> Iterator[str]:
    for line in map(without_comment, lines):
        match = _REQUEST.fullmatch(line)
        if match is None:
            yield plain(_BLOCK.sub(" ", line), STRINGS)
        elif match[1] not in _SETTINGS and not has_measures_only(match[2]):
            text = plain(_MEASURE.sub("", match[2]) if match[1] == "IP" else match[2], STRINGS)
            if match[1] in _JOINED:
                text = text.replace(" ", "") if '"' not in text else text
            if is_bsd:
                text = " ".join(word for word in text.split() if word not in INLINE)
            yield text

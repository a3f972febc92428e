"""Fields of Word and RTF whose numbers programs compute when they show a file: AUTONUM, LISTNUM and SEQ."""

from __future__ import annotations

import re

from lake.parse.office.counting import counted

_INSTRUCTION = re.compile(r"\s*(AUTONUM|AUTONUMLGL|AUTONUMOUT|LISTNUM|SEQ)\b(.*)", re.IGNORECASE | re.DOTALL)
_SWITCH = re.compile(r'\\(\*|[a-z])\s*("[^"]*"|[^\s\\]+)?', re.IGNORECASE)
_NAME = re.compile(r'\s*("[^"]*"|[^\s\\]+)')
#: Formats of levels: a name of counting and what stands around the number. Deeper levels repeat the last.
_LISTS: dict[str, tuple[tuple[str, str], ...]] = {
    "numberdefault": (
        *(("decimal", "{})"), ("lowerLetter", "{})"), ("lowerRoman", "{})")),
        *(("decimal", "({})"), ("lowerLetter", "({})"), ("lowerRoman", "({})")),
        *(("decimal", "{}."), ("lowerLetter", "{}."), ("lowerRoman", "{}.")),
    ),
    "outlinedefault": (
        *(("upperRoman", "{}."), ("upperLetter", "{}."), ("decimal", "{}."), ("lowerLetter", "{})")),
        *(("decimal", "({})"), ("lowerLetter", "({})"), ("lowerRoman", "({})"), ("lowerLetter", "({})")),
        ("lowerRoman", "({})"),
    ),
}
_LEGAL = ("legaldefault", "autonumlgl")
#: Formats of sequences, by the switch ``\*``.
_FORMATS = {
    "ROMAN": "upperRoman",
    "roman": "lowerRoman",
    "ALPHABETIC": "upperLetter",
    "alphabetic": "lowerLetter",
    "ordinal": "ordinal",
    "cardtext": "cardinalText",
    "ordtext": "ordinalText",
}
_MOST_LEVELS = 9


class NumberedFields:
    """Counts the fields of a document in its order, whether or not their numbers are stored."""

    def __init__(self) -> None:
        self._sequences: dict[str, int] = {}
        self._lists: dict[str, list[int]] = {}
        #: The level of the last heading that had an automatic number.
        self._heading = 0

    def shown(self, instruction: str, level: int) -> str:
        """The number that a field shows in a heading of ``level``, or in a paragraph (0); empty for other fields."""
        match = _INSTRUCTION.match(instruction)
        if match is None:
            return ""
        kind, rest = match[1].lower(), match[2]
        if kind == "seq":
            return self._sequence(rest)
        switches = {name.lower(): value.strip('"') for name, value in _SWITCH.findall(rest)}
        if kind == "listnum":
            name = _NAME.match(rest)
            return self._list(name[1].strip('"').lower() if name else "numberdefault", switches)
        self._heading = level or self._heading
        return self._automatic(kind, level or min(self._heading + 1, _MOST_LEVELS), switches)

    def _sequence(self, rest: str) -> str:
        found = _NAME.match(rest)
        if found is None:
            return ""
        name, switches = found[1].strip('"').lower(), dict(_SWITCH.findall(rest[found.end() :]))
        start = switches.get("r", "").strip('"')
        if _is_small(start):
            self._sequences[name] = int(start)
        elif "c" not in switches:
            self._sequences[name] = self._sequences.get(name, 0) + 1
        form = switches.get("*", "").strip('"')
        if "h" in switches:
            return ""
        return counted(self._sequences.get(name, 0), _FORMATS.get(form) or _FORMATS.get(form.lower(), "decimal"))

    def _list(self, name: str, switches: dict[str, str]) -> str:
        level, start = switches.get("l", ""), switches.get("s", "")
        depth = min(int(level), _MOST_LEVELS) if _is_small(level) and level != "0" else 1
        numbers = self._counted(name, depth, int(start) if _is_small(start) else None)
        if name in _LEGAL:
            return ".".join(map(str, numbers)) + "."
        return _written(_LISTS.get(name, _LISTS["numberdefault"]), numbers)

    def _automatic(self, kind: str, depth: int, switches: dict[str, str]) -> str:
        numbers = self._counted(kind, depth, None)
        if kind == "autonumlgl":
            return ".".join(map(str, numbers)) + ("" if "e" in switches else switches.get("s") or ".")
        if kind == "autonumout":
            return _written(_LISTS["outlinedefault"], numbers)
        return f"{numbers[-1]}{switches.get('s') or '.'}"

    def _counted(self, name: str, depth: int, start: int | None) -> list[int]:
        """The numbers of all levels down to ``depth``, of which the last is counted on; deeper levels begin anew."""
        numbers = self._lists.setdefault(name, [])
        del numbers[depth:]
        numbers += [0] * (depth - len(numbers))
        numbers[-1] = numbers[-1] + 1 if start is None else start
        numbers[:-1] = [max(1, one) for one in numbers[:-1]]
        return numbers


def _is_small(digits: str) -> bool:
    """Whether a number can be that of a list."""
    return digits.isdecimal() and len(digits) < 7


def _written(formats: tuple[tuple[str, str], ...], numbers: list[int]) -> str:
    name, around = formats[min(len(numbers), len(formats)) - 1]
    return around.format(counted(numbers[-1], name))

"""Fields of Word and RTF that show something which no text of the file holds, by their instruction."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lake.parse.office.symbol_fonts import symbol

_INSTRUCTION = re.compile(r"\s*(MACROBUTTON|GOTOBUTTON|SYMBOL|EQ)\s+(.*)", re.IGNORECASE | re.DOTALL)
_SYMBOL = re.compile(r"(?:0x([0-9A-Fa-f]+)|(\d+)|(\S))")
_FONT = re.compile(r"""\\f\s*(?:"([^"]*)"|(\S+))""")
#: Settings of a formula as Word writes them for ruby, and the parts of one: a command, its options, brackets, commas.
_SETTINGS = re.compile(r"""\\\*\s*(?:"[^"]*"|\S+)""")
_TOKENS = re.compile(r"\\([A-Za-z]+)|\\(.)|([(),;])|([^\\(),;]+)", re.DOTALL)
_COMMANDS = frozenset("abdfiloprsx")
_DEEPEST = 20
#: Signs that Word draws around a letter; at the start of a paragraph they would pass for its bullet.
_ENCLOSING = frozenset("○◯□△◇")


def shown_by(instruction: str) -> str:
    """What a field shows that has no stored result; empty for those that show nothing or what nobody has computed.

    >>> shown_by("MACROBUTTON NoMacro [Your name]"), shown_by(r"EQ \\f(a+1,b)"), shown_by("SYMBOL 176")
    ('[Your name]', '(a+1)/b', '°')
    """
    match = _INSTRUCTION.match(instruction)
    if match is None:
        return ""
    kind, rest = match[1].upper(), match[2].strip()
    if kind == "SYMBOL":
        return _symbol(rest)
    if kind == "EQ":
        return _Formula(_SETTINGS.sub("", rest)).read()
    return rest.partition(" ")[2].strip().strip('"')


def _symbol(rest: str) -> str:
    number, font = _SYMBOL.match(rest), _FONT.search(rest)
    if number is None:
        return ""
    code = int(number[1], 16) if number[1] else int(number[2]) if number[2] else ord(number[3])
    if font is not None and (shown := symbol(font[1] or font[2], f"{0xF000 + code:X}")):
        return shown
    return bytes([code]).decode("cp1252", "ignore") if code < 256 else chr(code) if code < 0x110000 else ""


class _Formula:
    """Writes a formula of commands such as ``\\f(a,b)`` in one line."""

    def __init__(self, source: str) -> None:
        self._tokens: Iterator[re.Match[str]] = _TOKENS.finditer(source)

    def read(self) -> str:
        return " ".join(self._list(0)[0].split())

    def _list(self, depth: int) -> tuple[str, list[str]]:
        """What stands up to the closing bracket: as text, and its arguments."""
        arguments: list[str] = []
        pieces: list[str] = []
        command = ""
        for token in self._tokens:
            letters, escaped, sign, text = token.groups()
            if letters and letters.lower() == "do" and command == "s":
                command = _LOWERED
            elif letters and letters[0].lower() in _COMMANDS:
                command = command if len(letters) > 1 and command else letters[0].lower()
            elif sign == "(" and depth < _DEEPEST:
                _, inner = self._list(depth + 1)
                pieces.append(_written(command, inner) if command else f"({', '.join(inner)})")
                command = ""
            elif sign == ")" and depth:
                break
            elif sign in (",", ";") and depth:
                arguments.append("".join(pieces))
                pieces = []
            elif not (command and text and not text.strip(" 0123456789")):
                pieces.append(text or escaped or sign or "")
        arguments.append("".join(pieces))
        return ", ".join(arguments), arguments


def _written(command: str, arguments: list[str]) -> str:
    parts = [" ".join(one.split()) for one in arguments]
    first, last = parts[0], parts[-1]
    if command == "f" and len(parts) == 2:
        return "/".join(one if len(one) < 2 else f"({one})" for one in parts)
    if command == "r":
        return f"√({last})" if len(parts) == 1 else f"{first}√({last})"
    if command in ("s", _LOWERED):
        return f"{_RAISED if command == 's' else _LOWERED}{first}"
    if command == "o" and first.startswith(_RAISED):  # ruby: the reading over its base
        return f"{last}({first.removeprefix(_RAISED)})"
    if command == "o":
        return f"({last})" if len(parts) == 2 and first in _ENCLOSING else "".join(parts)
    if command == "b":
        return f"({first})"
    return " ".join(filter(None, parts))


#: Stand before what is raised and lowered; what is raised may turn out to stand over something.
_RAISED, _LOWERED = "^", "_"

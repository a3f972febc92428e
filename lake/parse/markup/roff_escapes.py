# ruff: noqa: RUF001 - the characters are what the names stand for
"""Escapes of roff: characters by name, fonts, sizes and strings; and the arguments of a request."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ESCAPE = re.compile(
    r"""\\(?:f(?:\[[^\]]*\]|\(..|.)"""
    r"""|\*(?:\[(?P<long>[^\]]*)\]|\((?P<two>..)|(?P<one>.))"""
    r"""|s[-+]?(?:\(\d\d|\[[-+]?\d+\]|'[^']*'|[1-3]\d|\d)"""
    r"""|[FgkmMnVYO](?:\[[^\]]*\]|\(..|[-+]?.)"""
    r"""|(?P<with>[ABbCDhHlLNoRSvwxXZ])'(?P<inside>[^']*)'"""
    r"""|\((?P<short>..)|\[(?P<name>[^\]]*)\]|(?P<sign>.|\n|\Z))""",
    re.DOTALL,
)
_COMMENT = re.compile(r'(?<!\\)((?:\\\\)*)\\["#].*')
_SIGNS = {"e": "\\", "E": "\\", "\\": "\\", "'": "'", "`": "`", "-": "-", "_": "_", ".": ".", " ": " ", "~": " ",
          "0": " ", "t": "\t", '"': ""}  # fmt: skip
_NAMED = {
    "em": "—", "en": "–", "hy": "‐", "bu": "•", "co": "©", "rg": "®", "tm": "™", "aq": "'", "dq": '"', "lq": "“",
    "rq": "”", "oq": "‘", "cq": "’", "Bq": "„", "bq": "‚", "Fo": "«", "Fc": "»", "ha": "^", "ti": "~", "rs": "\\",
    "ga": "`", "aa": "´", "at": "@", "sh": "#", "Do": "$", "ct": "¢", "Eu": "€", "eu": "€", "Po": "£", "Ye": "¥",
    "de": "°", "mu": "×", "di": "÷", "+-": "±", "<=": "≤", ">=": "≥", "!=": "≠", "==": "≡", "~~": "≈", "if": "∞",
    "->": "→", "<-": "←", "ua": "↑", "da": "↓", "lA": "⇐", "rA": "⇒", "12": "½", "14": "¼", "34": "¾", "S1": "¹",
    "S2": "²", "S3": "³", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "/o": "ø", "/O": "Ø", "oa": "å",
    "oA": "Å", "/l": "ł", "/L": "Ł", "-D": "Ð", "Sd": "ð", "TP": "Þ", "Tp": "þ", "sc": "§", "ps": "¶", "dg": "†",
    "dd": "‡", "sq": "□", "ci": "○", "lh": "☜", "rh": "☞", "OK": "✓", "mi": "−", "pl": "+", "eq": "=", "la": "⟨",
    "ra": "⟩", "lB": "[", "rB": "]", "lC": "{", "rC": "}", "ba": "|", "br": "|", "bb": "¦", "ul": "_", "ru": "_",
    "sl": "/", "*a": "α", "*b": "β", "*g": "γ", "*d": "δ", "*m": "μ", "*p": "π", "*s": "σ", "*l": "λ", "*e": "ε",
    "*D": "Δ", "*S": "Σ", "*W": "Ω", "ff": "ff", "fi": "fi", "fl": "fl", "Fi": "ffi", "Fl": "ffl", "r!": "¡",
    "r?": "¿", "Of": "ª", "Om": "º", "pc": "·", "md": "⋅", "no": "¬", "sr": "√", "is": "∫", "su": "∑", "mo": "∈",
    ".i": "ı", ".j": "ȷ", "fm": "′", "sd": "″", "vz": "❘",
}  # fmt: skip
_ACCENTS = {":": "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", ",": "\u0327", "v": "\u030c",
            "o": "\u030a"}  # fmt: skip
#: Strings that macros for manual pages define.
STRINGS = {"R": "®", "Tm": "™", "lq": "“", "rq": "”", "Aq": "'", "C`": '"', "C'": '"', "L\"": "“", "R\"": "”",
           "--": "–", "PI": "π", "S": "", "Ba": "|", "Ne": "≠", "Ge": "≥", "Le": "≤", "Gt": ">", "Lt": "<", "Pm": "±",
           "If": "∞", "Pi": "π", "Na": "NaN", "q": '"', "Px": "POSIX", "Ai": "ANSI"}  # fmt: skip
_MEASURE = re.compile(r"[-+]?[\d.]+[a-z]?")


def without_comment(line: str) -> str:
    return _COMMENT.sub(r"\1", line)


def has_measures_only(rest: str) -> bool:
    """Whether all arguments are measures, as programs that write manual pages give to macros of their own.

    >>> has_measures_only(" 0.0 3.5n"), has_measures_only("3 ropes")
    (True, False)
    """
    return all(map(_MEASURE.fullmatch, rest.split()))


def plain(text: str, strings: Mapping[str, str]) -> str:
    r"""``text`` with its escapes as the characters they show.

    >>> plain(r"\fBpump\fR \-v \(em caf\['e]", {})
    'pump -v — café'
    """
    if "\\" not in text:
        return text

    def shown(match: re.Match[str]) -> str:
        string = match["long"] or match["two"] or match["one"]
        if string is not None:
            return strings.get(string, "")
        name = match["short"] or match["name"]
        if name is not None:
            return _named(name)
        if match["with"]:
            return _drawn(match["with"], match["inside"])
        sign = match["sign"]
        return "" if sign is None else _SIGNS.get(sign, "")

    return _ESCAPE.sub(shown, text)


def _named(name: str) -> str:
    if name in _NAMED:
        return _NAMED[name]
    if re.fullmatch(r"u[0-9A-F]{4,6}(?:_[0-9A-F]{4,6})*", name):
        return "".join(map(_character, name[1:].split("_")))
    if len(name) == 2 and name[0] in _ACCENTS and name[1].isalpha():
        return unicodedata.normalize("NFC", name[1] + _ACCENTS[name[0]])
    return name[4:] if name.startswith("char") and not name[4:].isdecimal() else ""


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _drawn(kind: str, inside: str) -> str:
    if kind == "N":
        return chr(int(inside)) if inside.isdecimal() and int(inside) < 0x10000 else ""
    if kind == "C":
        return _named(inside)
    return inside[:1] if kind == "o" else inside if kind == "Z" else ""


def arguments(rest: str) -> list[str]:
    r"""The arguments of a request, without their quotation marks; escapes stay.

    >>> arguments('one "two words" "a ""b"" c" d\\ e')
    ['one', 'two words', 'a "b" c', 'd\\ e']
    """
    found: list[str] = []
    place, length = 0, len(rest)
    while place < length:
        if rest[place] in " \t":
            place += 1
            continue
        piece = ""
        is_quoted = rest[place] == '"'
        place += is_quoted
        while place < length:
            sign = rest[place]
            if sign == "\\" and place + 1 < length:
                piece += rest[place : place + 2]
                place += 2
                continue
            if is_quoted and sign == '"':
                if rest[place + 1 : place + 2] != '"':
                    place += 1
                    break
                place += 1
            elif not is_quoted and sign in " \t":
                break
            piece += sign
            place += 1
        found.append(piece)
    return found

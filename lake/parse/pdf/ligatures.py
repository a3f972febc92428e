"""The letters of ligatures that pdfium can't name: by the names of their glyphs, or by the encodings of TeX's fonts.

pdfium gives such a glyph as the character whose number is its code, mostly a control character. The same code is "fi"
in one font and "ff" or "tt" in another, so that a name counts before any table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html.entities import name2codepoint

_NAMED = {"ff": "ff", "fi": "fi", "fl": "fl", "ffi": "ffi", "ffl": "ffl", "longs": "\u017f", "dotlessi": "\u0131"}
_CODE_POINTS = re.compile(r"uni((?:[0-9A-F]{4})+)|u([0-9A-F]{4,6})")
_F_LIGATURES = ("ff", "fi", "fl", "ffi", "ffl")
#: The text encodings of TeX, OT1 and T1; their other codes below 32 are accents, Greek capitals and signs.
_OLD = dict(zip(range(11, 16), _F_LIGATURES, strict=True))
_CORK = dict(zip(range(27, 32), _F_LIGATURES, strict=True))
_OLD_FONT = re.compile(r"CM(?:R|B|BX|TI|SL|BXSL|BXTI|SS|SSI|SSBX|SSDC|SSQ|SSQI|U|DUNH|FIB|FF)\d+")
_CORK_FONT = re.compile(r"(?:SF|EC|TC)(?:RM|BX|TI|SL|BL|BI|SS|SI|SX|SO|RB|DH|FB|CC)\d{3,4}", re.IGNORECASE)
#: Codes that a font in the encoding T1 has beside its ligatures: quotation marks, dashes, letters with accents.
_OF_CORK = {16, 17, 19, 20, 21, 22, *range(128, 256)}
_SUBSET = re.compile(r"[A-Z]{6}(?:\+|#2B)")


def plain_name(base_font: str) -> str:
    """The name of a font without the mark of a subset.

    >>> plain_name("ZZVEOM+LinLibertineT")
    'LinLibertineT'
    """
    return _SUBSET.sub("", base_font, count=1)


def letters_of(glyph: str) -> str | None:
    """The letters that a glyph's name states; None if it states none.

    >>> letters_of("f_f_i"), letters_of("T_h.alt"), letters_of("uni00660069"), letters_of("a27")
    ('ffi', 'Th', 'fi', None)
    """
    letters = [_letter(part) for part in glyph.partition(".")[0].split("_")]
    return "".join(letters) if all(letters) else None


def _letter(name: str) -> str:
    if len(name) == 1:
        return name
    if known := _NAMED.get(name):
        return known
    if match := _CODE_POINTS.fullmatch(name):
        points = re.findall("....", match[1]) if match[1] else [match[2]]
        letters = "".join(chr(int(point, 16)) for point in points if int(point, 16) <= 0x10FFFF)
    else:
        letters = chr(name2codepoint.get(name, 0))
    return letters if letters.isalnum() else ""


def ligatures(base_font: str, kind: str, differences: Sequence[object]) -> Mapping[int, str]:
    """The letters of a font's glyphs by code, as far as pdfium may not know them."""
    names = dict(_numbered(differences))
    stated = {code: letters for code, name in names.items() if (letters := letters_of(name)) and len(letters) > 1}
    if _OLD_FONT.fullmatch(base_font):
        known: Mapping[int, str] = _OLD
    elif _CORK_FONT.fullmatch(base_font):
        known = _CORK
    elif kind == "Type3" and all(name in (f"a{code}", ".notdef") for code, name in names.items()):
        known = _bitmaps(names)
    else:
        return stated
    return {code: letters for code, letters in known.items() if code not in names or kind == "Type3"} | stated


def _bitmaps(codes: Mapping[int, str]) -> Mapping[int, str]:
    """The ligatures of a font that TeX drew as pictures, whose encoding shows in the codes that it uses."""
    is_cork = not _OF_CORK.isdisjoint(codes)
    if is_cork == (not _OLD.keys().isdisjoint(codes)):
        return {}
    return _CORK if is_cork else _OLD


def _numbered(differences: Sequence[object]) -> Iterator[tuple[int, str]]:
    """The code of each name in a list of ``Differences``."""
    code = 0
    for one in differences:
        if isinstance(one, int):
            code = one
        elif isinstance(one, str):
            yield code, one
            code += 1

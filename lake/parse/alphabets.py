# ruff: noqa: RUF001
"""Alphabets of languages: a text read in a wrong encoding holds letters that no one language has together."""

from __future__ import annotations

from collections import Counter

_LATIN = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "áâãàçéêíóôõúü", "àèéìíîòóù", "áéëïóöü", "æøåéöäü", "åäöéüà", "äöåšž",
    "äöõüšž", "áéíóúýðþæö", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž",
    "ąčęėįšųūž", "āčēģīķļņšūžōŗ", "çğıöşüâîûi̇", "çë", "àçèéíïòóúü·", "áéíóú", "âêîôûŵŷ", "ħċġżàèìòù",
    "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ\u0300\u0301\u0303\u0309\u0323",
)  # fmt: skip
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщьюя"
_OTHERS = (
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё", f"{_CYRILLIC}ґєії", f"{_CYRILLIC}ъ", "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш", "абвгдѓежзѕијклљмнњопрстќуфхцчџш", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "".join(map(chr, range(0x5B0, 0x5F5))), "".join(map(chr, range(0x60C, 0x6D4))),
    "".join(map(chr, range(0xE01, 0xE5C))),
)  # fmt: skip
_ALPHABETS = tuple(map(frozenset, (*_LATIN, *_OTHERS)))
#: Signs of any language.
_SIGNS = frozenset("«»‹›„“”‘’‚–—…·•°§©®™№€£¿¡×\u00a0\u202f\u200b\u200e\u200f")


def coverage(text: str) -> float:
    """The largest share of the letters beyond ASCII that one language has; 1 if there are none.

    >>> coverage("für größere"), round(coverage("f³r gr÷ßere"), 2)
    (1.0, 0.33)
    """
    foreign = {letter: n for letter, n in Counter(text.lower()).items() if letter > "\x7f" and letter not in _SIGNS}
    if not foreign:
        return 1.0
    known = max(sum(n for letter, n in foreign.items() if letter in alphabet) for alphabet in _ALPHABETS)
    return known / sum(foreign.values())

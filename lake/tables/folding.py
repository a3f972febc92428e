"""Folds the spelling of words: what a reader takes for the same word becomes the same characters."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from typing import Any

from lake.recipe.full_text import WORDS_REVISION
from lake.tables.han_variants import simplified

#: ISO 639-1 code -> the Snowball algorithm that stems the language.
STEMMED = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

#: First and last letter of scripts, the algorithms that know them, and the one for a word of that script in a text that
#: is stemmed by none of these.
_SCRIPTS: tuple[tuple[str, str, frozenset[str], str], ...] = (
    ("\u0370", "\u03ff", frozenset({"greek"}), "greek"),
    ("\u0400", "\u052f", frozenset({"russian", "serbian"}), "russian"),
    ("\u0530", "\u058f", frozenset({"armenian"}), "armenian"),
    ("\u0600", "\u06ff", frozenset({"arabic", "persian"}), "arabic"),
    ("\u0900", "\u097f", frozenset({"hindi", "nepali"}), "hindi"),
    ("\u0b80", "\u0bff", frozenset({"tamil"}), "tamil"),
    ("\u1f00", "\u1fff", frozenset({"greek"}), "greek"),
)
#: Letters of Persian that Arabic lacks.
_PERSIAN = frozenset("پچژگکی")
#: Algorithms that know no Latin letters; such words in these texts are mostly English.
_NOT_LATIN = frozenset({"greek", "russian", "armenian", "arabic", "persian", "hindi", "nepali", "tamil", "yiddish"})

_FRACTIONS = [*"\u00bc\u00bd\u00be\u2189", *map(chr, range(0x2150, 0x2160))]
#: Letters that are often written as another one, and characters that nobody types or sees.
_LETTERS = str.maketrans(
    {
        **dict.fromkeys(
            "\u2018\u2019\u201b\u02bc\u02b9\u02bb\u02bd\u02be\u02bf\u00b4\u055a\u05f3\u2032\ua78b\ua78c\uff07", "'"
        ),
        **dict.fromkeys("\u2010\u2011\u2012\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2044\u2215", "/"),
        **{sign: f" {sign}" for sign in _FRACTIONS},  # else 4½ would be 41/2
        # Soft hyphen, joiners, marks of direction, variation selectors, Arabic tatweel.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\ufeff\ufe0e\ufe0f\u0640\u034f\u061c", ""),
    }
)
#: The digit 0 of each script that has its own digits.
_ZEROS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u1090"
    "\u17e0\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50\ua620\ua8d0\ua900\ua9d0\ua9f0\uaa50\uabf0"
)
#: Without accents: letters that have no decomposition, spellings of one letter in Arabic, Persian, Yiddish and
#: Cyrillic, and the digits of all scripts.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th", "ё": "е"}
    | {"ə": "e", "ɛ": "e", "ɔ": "o", "ŋ": "n", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ґ": "г"}
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ۃ": "ه"}
    | {"װ": "וו", "ױ": "וי", "ײ": "יי"}
    | {chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)}
)
#: The first Chinese character; those of other scripts behind it have no variants.
_FIRST_HAN = "\u3400"
#: The dot under or beside a letter of Indic scripts, which is often left out.
_NUKTAS = frozenset("\u093c\u09bc\u0a3c\u0abc\u0b3c")
#: Scripts in which a mark changes how a letter is read, not which word it is: Latin, Greek, Cyrillic, Hebrew, Arabic,
#: Syriac. Marks of Indic scripts, Thai and Japanese are vowels and consonants, and stay.
_MARKED = ((0x41, 0x52F), (0x590, 0x74F), (0x8A0, 0x8FF), (0x1E00, 0x1FFF))


def spelt(text: str) -> str:
    """Compatibility form without invisible characters, with plain apostrophes and hyphens; case is kept.

    >>> spelt("ﾎﾃﾙ"), spelt("Donau\u00addampf"), spelt("doesn\u2019t"), spelt("ﬁne")
    ('ホテル', 'Donaudampf', "doesn't", 'fine')
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_LETTERS)).translate(_LETTERS)


def plain(word: str, revision: int = WORDS_REVISION) -> str:
    """Without accents, vowel signs and variants of letters and digits; ``word`` is case-folded.

    >>> plain("größe"), plain("المَنارَة"), plain("ёлка"), plain("हिन्दी"), plain("が"), plain("٢٠٢٧")
    ('grosse', 'المناره', 'елка', 'हिन्दी', 'が', '2027')
    """
    if word.isascii():
        return word
    letters: list[str] = []
    for letter in unicodedata.normalize("NFD", word):
        if not letters or not (letter in _NUKTAS or (unicodedata.category(letter) == "Mn" and is_marked(letters[-1]))):
            letters.append(letter)
    # The Armenian ligature is folded to another letter than the one it is written with in capitals.
    bare = unicodedata.normalize("NFC", "".join(letters)).replace("ß", "ss").replace("եւ", "եվ")
    bare = bare.translate(_PLAIN)
    return "".join(map(simplified, bare)) if revision and max(bare, default="") >= _FIRST_HAN else bare


def is_marked(letter: str) -> bool:
    """Whether marks change how this letter is read, and not which word it is in."""
    return any(first <= ord(letter) <= last for first, last in _MARKED) and letter not in "иИ"


class _Stemmers(threading.local):
    """Snowball's stemmers hold state, so each thread has its own."""

    def __init__(self) -> None:
        self.by_language = cache(self._made)

    @staticmethod
    def _made(algorithm: str) -> Any:
        import Stemmer

        return Stemmer.Stemmer(algorithm, 0)


_stemmers = _Stemmers()


def stemmed(word: str, algorithm: str, revision: int = WORDS_REVISION) -> str:
    """The stem of a case-folded word; the word itself if nothing is left of it, or for the algorithm ``""``.

    A word in a script that the algorithm does not know is stemmed in the usual language of that script.

    >>> stemmed("pumping", "english"), stemmed("häuser", "german"), stemmed("pumping", "")
    ('pump', 'haus', 'pumping')
    >>> stemmed("москва", "english"), stemmed("москве", "english"), stemmed("servers", "russian")
    ('москв', 'москв', 'server')
    """
    if not algorithm:
        return word
    known = _knowing(algorithm, word) if revision else algorithm
    return str(_stemmers.by_language(known).stemWord(word)) or word


def _knowing(algorithm: str, word: str) -> str:
    """The algorithm, or one that knows the script of the word."""
    if word.isascii():
        return "english" if algorithm in _NOT_LATIN else algorithm
    for first, last, known, usual in _SCRIPTS:
        if first <= word[0] <= last:
            if algorithm in known:
                return algorithm
            return "persian" if usual == "arabic" and not _PERSIAN.isdisjoint(word) else usual
    return algorithm

"""Which encoding bytes are in: what they declare if that is believable, else what chardet finds, with its rivals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from lake.errors import InputError
from lake.parse.alphabets import coverage
from lake.parse.boxes import CODE_PAGES, without_boxes
from lake.parse.encoding_names import label

#: What is looked for, in chardet's names. Of twins that differ in a few signs only the usual one is here.
_SOUGHT = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp1258", "cp874", "gb18030", "cp932", "shift_jis_2004", "euc_jis_2004", "cp949", "euc_kr",
    "big5hkscs", "koi8-r", "koi8-u", "cp866", "cp850", "cp852", "iso8859-1", "iso8859-2",
    "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-13", "iso8859-15", "iso8859-16",
    "cp737", "mac-roman", "mac-cyrillic", "mac-greek", "mac-turkish",
]  # fmt: skip
_SAMPLE = 1 << 14
_LOOKED_AT = 1 << 22
#: Words of ASCII beside a word that is none, which tell what language it stands in.
_BESIDE = 3
#: A candidate whose text differs is no rival if its score is this many times smaller; nothing was wrong above it.
_FAR_BEHIND = 1.5
#: A reading with more signs and capitals inside words is not certain; right ones have next to none.
_CERTAIN_ODDITY = 0.1
#: Signs between letters: a single one says that the true encoding has a letter in its place.
_INSIDE_WORDS = re.compile("(?<=[^\\W\\d_])[\u2020\u2021\u2030\u20ac\u0192\u02c6\u02dc](?=[^\\W\\d_])")
#: With a lower score nothing is certain; with a still lower one only Western letters in good order are believed.
_CERTAIN_SCORE, _LEAST_SCORE = 0.05, 0.02
_CERTAIN_LENGTH = 5
#: The share of letters in words beside boxes.
_LEAST_LETTERS = 0.8
#: A declaration is disbelieved if its text is a third odd, or another encoding's score is this many times larger.
_MOST_ODD, _BELIEVED_WITHIN = 0.34, 1.6
#: It is disbelieved too if this share of its letters is of no language, but all of another reading's are; one that
#: another score exceeds by a little is believed and remarked on.
_UNLIKELY_LETTERS, _FITS_BETTER = 0.1, 1.02
#: Western letters in a few words tell chardet little; they are by far the likeliest then.
_WEAK_SCORE, _FEW, _WESTERN_BONUS = 0.06, 4, 1.35
_RARE, _RARE_SHARE, _RARE_SHARE_OF_FEW = ("mac-greek", "mac-turkish", "cp737"), 0.9, 0.3
#: The share of its score that a text keeps none of whose letters beyond ASCII one language has together.
_LEAST_COVERED = 0.6
_OF_LETTERS = re.compile("cp1[02]|cp[78]|iso|koi|mac")
_RIVALS = 3
#: Of codecs for the same letters the one that keeps ASCII as it is.
_PLAINER = {"shift_jis_2004": "cp932", "euc_jis_2004": "euc_jp", "euc_kr": "cp949"}

_HIGH = re.compile(rb"[\x80-\xff]+")
_FOREIGN = re.compile(rb"[\x80-\xff]")
_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")
#: Signs that English prose takes from Windows-1252: quotes, dashes, degrees, fractions, currencies.
_SIGNS = re.compile(
    rb"(?:[\x00-\x7f]|(?<![\x80-\xff])(?:"
    rb"(?<![A-Za-z])(?:[\x80\x91\x93\x95-\x97\xa3\xa5\xa7\xa9\xab\xb0-\xb3\xb7\xbc-\xbe\xd7\xf7](?![A-Za-z])"
    rb"|[\x91\x93\xa9\xab](?=[A-Za-z]))"
    rb"|(?<=[A-Za-z])[\x85\x92\x94\x99\xae\xbb](?![A-Za-z])|(?<![A-Za-z])[\x85\x92\x94\x99\xae\xbb](?![A-Za-z])"
    rb"|(?<=[A-Za-z])\x92(?=[A-Za-z])|\xa0|\xb0(?=[CF]\b)|(?<=\b[mckd]m)[\xb2\xb3]|(?<=\bm)[\xb2\xb3]"
    rb"|(?<![A-Za-z])\xb5(?=[AFVWglms]\b))(?![\x80-\xff]))*"
)
_LETTER = "[^\\W\\d_]"
_ODD = re.compile(
    # A sign in a word, such a sign before one, two scripts in a word.
    f"(?<={_LETTER})[^\\w\\s\\x00-\\x7f\u00ab\u00b7\u00bb\u0300-\u036f\u2010-\u201f\u2026](?={_LETTER})"
    f"|[\u00a4\u00a6\u00ac\u00b1\u00b6\u00b9\u00bc-\u00be](?={_LETTER})|[\u2500-\u259f](?=[A-Za-z])"
    "|[A-Za-z\u00c0-\u024f](?=[\u0370-\u06ff])|[\u0370-\u06ff](?=[A-Za-z\u00c0-\u024f])"
)
_NEVER = re.compile("[\x80-\x9f\ue000-\uf8ff]")
#: What chardet would believe.
_DECLARES = re.compile(rb"(?:charset|encoding|coding)[ \t]*[=:]", re.IGNORECASE)


class Guess(NamedTuple):
    """The likeliest encoding, and labels of others that give another text and may be right too, likeliest first."""

    encoding: str
    rivals: tuple[str, ...] = ()
    is_certain: bool = False


def guess(data: bytes) -> Guess:
    """The likeliest encoding of bytes that are not UTF-8. Raises InputError if no encoding gives a readable text."""
    _refuse_mainframes(data)
    drawn = without_boxes(data)
    if drawn is not None and (found := _of_dos(telling(drawn))):
        return found
    sample = telling(data)
    if _SIGNS.fullmatch(sample):
        return Guess("cp1252", (), is_certain=len(_FOREIGN.findall(sample)) > 1)
    return _best(_ranked(sample))


def _refuse_mainframes(data: bytes) -> None:
    """Raises InputError for text in EBCDIC, whose spaces are at signs: its national variants can't be told apart."""
    n_high = sum(map(len, _HIGH.findall(data[:_LOOKED_AT])))
    if b" " not in data and 20 * data.count(b"@") > len(data) and 2 * n_high > len(data[:_LOOKED_AT]):
        raise InputError("text in EBCDIC; convert it, such as by iconv -f IBM1047 -t UTF-8 FILE", "encoding")


def _of_dos(sample: bytes) -> Guess | None:
    """The likeliest code page of DOS; None if none gives a readable text."""
    if sample.isascii():
        return Guess("cp437", (), is_certain=True)
    try:
        return _best([one for one in _ranked(sample) if one[1] in CODE_PAGES and _is_of_letters(one[2])])
    except InputError:
        return None


def _is_of_letters(text: str) -> bool:
    """Whether most of what is not ASCII are letters; what is drawn is no part of the text."""
    foreign = [character for character in text if character > "\x7f"]
    return sum(map(str.isalpha, foreign)) >= _LEAST_LETTERS * len(foreign)


def _best(ranked: list[tuple[float, str, str]]) -> Guess:
    """The first candidate, and those that are near it. Raises InputError if it gives no readable text."""
    if not ranked:
        raise _undecidable(())
    best, encoding, text = ranked[0]
    rivals: list[str] = []
    seen = {text}
    for score, name, other in ranked[1:]:
        if other not in seen and score * _FAR_BEHIND > best:
            rivals.append(label(name))
        seen.add(other)
    n_foreign = sum(character > "\x7f" for character in text)
    if best < _LEAST_SCORE and (encoding != "cp1252" or oddity(text) > 0):
        raise _undecidable([label(name) for _, name, _ in ranked])
    return Guess(
        encoding,
        tuple(rivals[:_RIVALS]),
        not rivals
        and best >= _CERTAIN_SCORE
        and n_foreign >= _CERTAIN_LENGTH
        and oddity(text) < _CERTAIN_ODDITY
        and not _INSIDE_WORDS.search(text),
    )


def _undecidable(candidates: Iterable[str]) -> InputError:
    named = list(dict.fromkeys(candidates))[:_RIVALS]
    which = f"none of the likeliest encodings ({', '.join(named)}) gives" if named else "no known encoding gives"
    return InputError(f"text in an unknown encoding: {which} readable words; save it as UTF-8", "encoding")


class Belief(NamedTuple):
    """Whether a declared encoding is believed, and the label of one that fits better, if there is one."""

    is_believed: bool
    better: str = ""


def believed(data: bytes, encoding: str) -> Belief:
    """Compare the text that a declared encoding gives with the one that would be guessed.

    The guess is preferred if its score is much larger, or if some language has its letters and none has those of the
    declared reading. Signs in their places are believed: no score tells an encoding from them.
    """
    sample = telling(data)
    try:
        text = sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return Belief(is_believed=False)
    if oddity(text) > _MOST_ODD:
        return Belief(is_believed=False)
    ranked = _ranked(sample)
    best, name, likeliest = ranked[0] if ranked else (0.0, "", text)
    if best < _CERTAIN_SCORE or likeliest == text or _differs_in_signs(text, likeliest):
        return Belief(is_believed=True)
    stated = max((score for score, name, other in ranked if name == encoding or other == text), default=0.0)
    is_near = best < _BELIEVED_WITHIN * stated and coverage(likeliest) - coverage(text) < _UNLIKELY_LETTERS
    return Belief(is_near, label(name) if best > _FITS_BETTER * stated else "")


def _differs_in_signs(text: str, other: str) -> bool:
    """Whether all that ``other`` reads differently are signs in ``text`` and stand where such do: "5 \u20ac"."""
    if len(text) == len(other):
        alike = (one == two and one.isalpha() and not one.isascii() for one, two in zip(text, other, strict=True))
        text = "".join("a" if is_alike else one for is_alike, one in zip(alike, text, strict=True))
    try:
        return _SIGNS.fullmatch(text.encode("cp1252")) is not None
    except UnicodeEncodeError:
        return False


def telling(data: bytes) -> bytes:
    """The words that are not ASCII with a few beside them: what an encoding can be told from."""
    pieces: list[bytes] = []
    n_bytes = 0
    for match in _LINE.finditer(data, 0, _LOOKED_AT):
        words = match[0].split(b" ")
        foreign = [i for i, word in enumerate(words) if not word.isascii()]
        near = sorted({j for i in foreign for j in range(max(0, i - _BESIDE), min(len(words), i + _BESIDE + 1))})
        pieces.append(b" ".join(words[j] for j in near))
        n_bytes += len(pieces[-1])
        if n_bytes > _SAMPLE:
            break
    return _DECLARES.sub(b" ", b"\n".join(pieces)) + b"\n"


def oddity(text: str) -> float:
    """How much of what is not ASCII looks wrong: signs and capitals inside words, mixed scripts, controls; 0 to 1."""
    n_foreign = sum(character > "\x7f" for character in text)
    inner = sum(1 for a, b in pairwise(text) if (a > "\x7f" or b > "\x7f") and a.islower() and b.isupper())
    wrong = len(_ODD.findall(text)) + inner + 3 * len(_NEVER.findall(text))
    return min(1.0, wrong / max(1, n_foreign))


def _ranked(sample: bytes) -> list[tuple[float, str, str]]:
    """Score, codec and text of each candidate that decodes all of ``sample``, best first."""
    import chardet

    found = chardet.detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=_SOUGHT, no_match_encoding="cp1252"
    )
    ranked: dict[str, tuple[float, str]] = {}
    for one in found:
        for name in dict.fromkeys((_PLAINER.get(one["encoding"] or "", one["encoding"] or ""), one["encoding"] or "")):
            try:
                text = sample.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
            score = one["confidence"] * (1 - oddity(text)) * _likelihood(name, text)
            ranked[name] = max(ranked.get(name, (0.0, text)), (score, text))
            break
    if "cp1252" in ranked:
        best, (western, text) = max(score for score, _ in ranked.values()), ranked["cp1252"]
        if best < _WEAK_SCORE or sum(character > "\x7f" for character in text) < _FEW:
            ranked["cp1252"] = western * _WESTERN_BONUS, text
    order = {name: place for place, name in enumerate((*_SOUGHT, *_PLAINER.values()))}
    every = ((score, name, text) for name, (score, text) in ranked.items())
    return sorted(every, key=lambda one: (-one[0], order[one[1]]))


def _likelihood(encoding: str, text: str) -> float:
    """What an encoding's rarity, and letters that no language has together, leave of a score."""
    rare = encoding in _RARE
    is_short = rare and sum(character > "\x7f" for character in text) < _FEW
    share = _RARE_SHARE_OF_FEW if is_short else _RARE_SHARE if rare else 1.0
    if _OF_LETTERS.match(encoding):
        share *= _LEAST_COVERED + (1 - _LEAST_COVERED) * coverage(text)
    return share

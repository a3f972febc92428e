"""Takes texts apart into words, and further forms of them, by which full text is indexed and searched.

Lance's tokenizers drop the stop words of every language, single digits and letters, and whatever is longer than 40
characters, and take names apart or don't. Here every letter and digit of a text is in a word. The *words* of a text
stand in order, for phrases. *Further forms* are other ways to write a word: the parts of a name, the hyphenated word in
one, the beginnings of a number such as 6.1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

from lake.recipe.full_text import WORDS_REVISION
from lake.tables.affixes import otherwise_joined, without_affixes
from lake.tables.compounds import parts_of_compound
from lake.tables.folding import plain, spelt, stemmed
from lake.tables.spaced_numbers import spaced_numbers
from lake.tables.variants import same_word, variants

#: Longer words are cut, in texts and questions alike.
_LONGEST = 256
#: Signs at the ends of a piece that are no part of a name, and whose removal lets more pieces be equal.
_BEFORE, _AFTER = "([{\"'*", ".,;:!?)]}\"'*"
#: Longer pieces are data that hardly occur twice, so their words are not kept for the next time.
_REPEATED = 64
#: Pieces of one analyzer that are kept.
_MANY_PIECES = 1 << 16
#: A name with more parts is a key, and is searched as a whole.
_MANY_PARTS = 8
_HASH = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{12,}")
#: Lengths to which people abbreviate the hash of a commit.
_ABBREVIATIONS = (7, 8, 10, 12)

#: Scripts without spaces between words: their runs are searched by character and by pairs of characters.
_UNSPACED = (
    "\u3005\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_SHORT_KOREAN = 2
_HANGUL = "\uac00-\ud7a3"
#: The revision of spelling that finds node.js by nodejs, too.
_JOINING = 3
#: What joins the parts of a name.
_JOINS = r"::|->|:(?:/{1,3}|\\{1,2})|\+\+|[.\-/:'@&\\=~+#,·]"
_ADDRESS = re.compile(r"::|->|:?[/\\]{1,3}|[@=~#]")
_APOSTROPHES = re.compile(r"[^\W_]+'[^\W_]+")
_LONGEST_OF_ACRONYM = 2
_ACRONYMS = re.compile("[A-Z]{2,}s")
_DIGITS_GROUPED = re.compile(r"\d{1,3}(?P<sign>[,.'])(?:\d{2,3}(?P=sign))*\d{3}(?:(?!(?P=sign))[.,]\d+)?")
#: "2.4GHz" is 2.4 GHz.
_MEASURED = re.compile(r"(\d+(?:[.,]\d+)?)([^\W\d_]+)")
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)")


class Words(NamedTuple):
    """Words of a text in order, and further forms of them."""

    words: tuple[str, ...]
    forms: tuple[str, ...] = ()


class _Patterns(NamedTuple):
    piece: Any  # a run of an unspaced script, or a name with its signs
    run: Any  # letters, digits, marks and underscores
    part: Any  # of a run: parted by underscores, capitals, digits


class Analyzer(NamedTuple):
    """How words are spelled: stemmed by a Snowball algorithm, unless it is ``""``, and without accents or with them."""

    algorithm: str = ""
    keeps_accents: bool = False
    revision: int = WORDS_REVISION

    def words_of(self, text: str) -> Words:
        """The words of a text.

        >>> Analyzer("english").words_of("The crew's read_csv of 6.1.2")
        Words(words=('the', 'crew', 'read_csv', 'of', '6.1.2'), forms=('crew', 'read', 'csv', '6.1', '6', '1', '2'))
        """
        each = [*map(_pieces(self).__getitem__, text.split())]
        words, forms = zip(*each, strict=True) if each else ((), ())
        spaced = (form for _, _, form in spaced_numbers(text))
        return Words(tuple(chain.from_iterable(words)), (*chain.from_iterable(forms), *spaced))

    def tokens_of(self, pieces: Iterable[str]) -> set[str]:
        """All words and further forms of texts without spaces, none of which is kept for the next time."""
        each = (self._of_piece(_bare(piece)) for piece in pieces)
        return {token for found in each for part in found for token in part}

    def _of_piece(self, piece: str) -> Words:
        """Words of a text without spaces."""
        if _is_simple(piece):
            return Words((self._token(piece),), self._parts(piece))
        patterns = _ascii() if piece.isascii() else _unicode()
        words: list[str] = []
        forms: list[str] = []
        for match in patterns.piece.finditer(spelt(piece)):
            if match.lastgroup == "unspaced":
                found = self._of_unspaced(match[0])
            elif match.lastgroup == "picture":
                found = Words((match[0],))
            else:
                found = self._of_name(match["name"], patterns)
                if match["sign"]:
                    found = self._signed(match["sign"] + match["name"], found)
            words += found.words
            forms += found.forms
        for spelling in otherwise_joined(piece):
            forms += self._of_piece(spelling).words
        return Words(tuple(word[:_LONGEST] for word in words), tuple(form[:_LONGEST] for form in forms))

    def _signed(self, whole: str, found: Words) -> Words:
        """A name with a sign before it; only that of .NET distinguishes it from the word."""
        if whole[0] == "." and len(found.words) == 1:
            return Words((self._spelt(whole),), (*found.words, *found.forms))
        return Words(found.words, (*found.forms, self._spelt(whole)))

    def _of_unspaced(self, run: str) -> Words:
        """Each character with its marks, pairs of them, and whole numbers."""
        letters = [self._spelt(letter) for letter in _unicode().part.findall(run)]
        numbers = re.findall(r"\d{3,}", self._spelt(run))
        return Words(tuple(letters), (*map("".join, pairwise(letters)), *numbers))

    def _of_name(self, name: str, patterns: _Patterns) -> Words:
        """A word, or several that signs join."""
        runs = patterns.run.findall(name)
        if runs == [name]:
            return self._of_run(name, patterns)
        if _ADDRESS.search(name[:-1]) and not all(map(str.isdigit, runs)):
            return self._of_address(name, patterns)
        each = [self._of_run(run, patterns) for run in runs]
        parts, further = ([word for one in each for word in one[which]] for which in (0, 1))
        joins = set(re.findall(_JOINS, name))
        joined = self._token("".join(runs))
        if joins == {"'"}:  # doesn't, l'eau, O'Brien
            forms = dict.fromkeys((*parts, *further, joined))
            return Words((self._token(name),), tuple(form for form in forms if len(form) > 1))
        if joins == {"·"} and all(map(str.isalpha, runs)):  # col·lecció
            others = self._others("".join(runs))
            return Words((self._token(name),), tuple(dict.fromkeys((*parts, *further, joined, *others))))
        if joins <= {"-", ":", ","} and all(map(str.isalpha, runs)):  # state-of-the-art, e-mail
            return Words(tuple(parts), (*further, joined) if len(runs) == 2 else tuple(further))
        whole = self._spelt(name)
        if len(runs) > _MANY_PARTS:
            return Words(tuple(parts), (*further, whole))
        further += [self._spelt(one.replace("'", "")) for one in _APOSTROPHES.findall(name)]
        is_dotted = joins == {"."} and all(map(str.isalpha, runs))
        is_pair = len(runs) == 2 and self.revision >= _JOINING  # node.js
        if is_dotted and (is_pair or all(len(run) <= _LONGEST_OF_ACRONYM for run in runs)):  # U.S.A., Ph.D.
            further.append(joined)
        return Words((whole,), tuple(dict.fromkeys((*self._beginnings(name), *parts, *further))))

    def _of_address(self, name: str, patterns: _Patterns) -> Words:
        """A URL, a path, an e-mail address, an assignment: the words of its parts, and the whole."""
        each = [self._of_name(part, patterns) for part in _ADDRESS.split(name) if patterns.run.search(part)]
        words = tuple(word for one in each for word in one.words)
        return Words(words, (*(form for one in each for form in one.forms), self._spelt(name)))

    def _beginnings(self, name: str) -> Iterator[str]:
        """Other forms of a name that is one word: 6.1 and 6 of 6.1.2, 1.2.3 of v1.2.3, 1234 of 1,234 and of 12-34, the
        digits of 00:1A:2B:3C:4D:5E.
        """
        if (digits := name.replace("-", "")).isdigit():
            yield self._spelt(digits)
        elif _HASH.fullmatch(hexadecimal := re.sub("[-:.]", "", name.casefold())):
            yield hexadecimal
        for part in re.split("[:/-]", name):
            if found := _DIGITS_GROUPED.fullmatch(part):
                digits = part.replace(found["sign"], "")
                yield from dict.fromkeys(map(self._spelt, (digits, name.replace(part, digits))))
        if found := _TIMESTAMP.match(name):
            yield from found.groups()
        if name[0] in "vV" and name[1:2].isdigit():
            yield self._spelt(name[1:])
        if found := _MEASURED.fullmatch(name):
            yield from map(self._spelt, found.groups())
        for join in reversed(list(re.finditer(_JOINS, name))):
            beginning = name[: join.end() if join[0] == "++" else join.start()]
            if not beginning.isalpha():  # else it is one of the parts
                yield self._spelt(beginning)

    def _of_run(self, run: str, patterns: _Patterns) -> Words:
        """A run of letters, digits and underscores, and its parts."""
        if _is_simple(run):
            return Words((self._token(run),), self._parts(run))
        whole = self._spelt(run)
        if _HASH.fullmatch(whole):
            return Words((whole,), tuple(whole[:n] for n in _ABBREVIATIONS if n < len(whole)))
        parts = patterns.part.findall(run)
        if len(parts) == 1:
            word = self._token(parts[0])
            further = {*self._others(parts[0]), *((whole,) if parts[0] != run else ())} - {word}
            return Words((word,), tuple(sorted(further)))
        if len(parts) > _MANY_PARTS and "_" not in run:
            return Words((whole,))
        forms = [form for part in parts if _says(part) for form in (self._token(part), *self._others(part))]
        if found := _MEASURED.fullmatch(run):
            forms.append(self._spelt(found[2]))
        if "_" in run:  # OpenSource of OpenSource_2030, 1000 of 1_000
            forms += [self._token(one) for one in run.split("_") if one.isalpha() and one not in parts]
            forms += [self._spelt(digits)] if (digits := run.replace("_", "")).isdigit() else []
        return Words((self._token(run) if run.isalpha() else whole,), tuple(forms))

    def _others(self, word: str) -> tuple[str, ...]:
        """Further forms of a word: PDF of PDFs, pairs of syllables of a long Korean word, whose endings vary, a word
        without its article or particle, and what those search for who type no accents."""
        if word.isascii():
            return (self._spelt(word[:-1]),) if _ACRONYMS.fullmatch(word) else ()
        without = [*without_affixes(word.casefold())]
        singular = (one for form in without for one in variants(form, self.algorithm, self.revision))
        bare = [self._token(form) for form in (*without, *singular)]
        if re.fullmatch(f"[{_HANGUL}]+", word):
            return (*bare, *(map("".join, pairwise(word)) if len(word) > _SHORT_KOREAN else ()))
        spelt_plainly = () if self.keeps_accents else (self._stem(self._spelt(word)),)
        return (*bare, *spelt_plainly, *self._parts(word))

    def _parts(self, word: str) -> tuple[str, ...]:
        folded = word.casefold()
        parts = parts_of_compound(folded, self.algorithm, self.revision)
        others = (one for each in (folded, *parts) for one in variants(each, self.algorithm, self.revision))
        return tuple(map(self._token, (*parts, *others)))

    def _token(self, word: str) -> str:
        folded = self._stem(word.casefold())
        return folded if self.keeps_accents else plain(folded, self.revision)

    def _stem(self, word: str) -> str:
        return stemmed(same_word(word, self.algorithm, self.revision), self.algorithm, self.revision)

    def _spelt(self, word: str) -> str:
        return word.casefold() if self.keeps_accents else plain(word.casefold(), self.revision)


def is_unspaced(letter: str) -> bool:
    """Whether a character is of a script without spaces between words."""
    return not letter.isascii() and next(iter(pieces_of(letter)), (0, "", False))[2]


def has_word(text: str) -> bool:
    """Whether a text holds anything that can be searched for: a letter, a digit or a picture."""
    return any(map(str.isalnum, text)) or any(True for _ in pieces_of(spelt(text)))


def pieces_of(text: str) -> Iterator[tuple[int, str, bool]]:
    """Start and text of each piece that is analyzed by itself, and whether its script has no spaces."""
    for match in (_ascii() if text.isascii() else _unicode()).piece.finditer(text):
        yield match.start(), match[0], match.lastgroup == "unspaced"


def parts_of(piece: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part of a name, and of each character of a run without spaces."""
    return (found.span() for found in (_ascii() if piece.isascii() else _unicode()).part.finditer(piece))


class _WordsOfPieces(dict[str, Words]):
    """The words of pieces between spaces, made when a piece is first looked up."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer

    def __missing__(self, piece: str) -> Words:
        found = self._analyzer._of_piece(_bare(piece))
        if len(piece) <= _REPEATED:
            if len(self) >= _MANY_PIECES:
                self.clear()
            self[piece] = found
        return found


_pieces = cache(_WordsOfPieces)


def _bare(piece: str) -> str:
    return piece.rstrip(_AFTER).lstrip(_BEFORE)


def _is_simple(run: str) -> bool:
    """Whether a run has no parts and no further forms, as nearly all words."""
    return run.isalpha() and run.isascii() and (run.islower() or run.istitle() or run.isupper())


def _says(part: str) -> bool:
    """Whether a part of a name is more than one letter of it, such as the i of iPhone."""
    return len(part) > 1 or not part.isascii() or part.isdigit()


@cache
def _ascii() -> _Patterns:
    return _Patterns(
        re.compile(_names("[A-Za-z0-9_]", "[A-Za-z]", "[#$]")),
        re.compile("[A-Za-z0-9_]+"),
        re.compile(r"[A-Z]{2,}s(?![A-Za-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"),
    )


@cache
def _unicode() -> _Patterns:
    import regex

    of_run = rf"[\p{{L}}\p{{N}}\p{{M}}_--[{_UNSPACED}]]"
    unspaced = rf"(?P<unspaced>[{_UNSPACED}][{_UNSPACED}\p{{M}}]*)"
    part = (
        rf"[{_HANGUL}]+|[{_UNSPACED}]\p{{M}}*|\p{{Lu}}{{2,}}s(?!\p{{L}})|[\p{{Lu}}\p{{M}}]+(?!\p{{Ll}})"
        rf"|\p{{Lu}}?\p{{M}}*[\p{{Ll}}\p{{Lt}}\p{{Lo}}\p{{Lm}}\p{{M}}--[{_HANGUL}]]+|\p{{N}}+"
    )
    picture = r"(?P<picture>\p{RI}{2}|[\p{Extended_Pictographic}--[©®]])"
    names = _names(of_run, "[[:alpha:]]", r"[#§\p{Sc}]")
    patterns = (f"{unspaced}|{names}|{picture}", f"{of_run}+", part)
    return _Patterns(*(regex.compile(pattern, regex.V1) for pattern in patterns))


def _names(of_run: str, letter: str, unit: str) -> str:
    """Pattern of a name: runs that signs join, with a sign before it (.NET, --force, $5) and one after it (C++, C#)."""
    signs = rf"(?:--?|[.@])(?={letter})|[-+](?=\d)|{unit}(?={letter}|\d)"
    sign = rf"(?P<sign>(?<!{of_run})(?<![.])(?:{signs}))"
    end = rf"(?<={letter})(?:\+\+|[+#])(?!{of_run})"
    return rf"{sign}?(?P<name>{of_run}+(?:(?:{_JOINS}){of_run}+)*(?:{end})?)"

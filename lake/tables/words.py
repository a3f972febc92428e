"""The words of full text: those that are indexed of a text, and those that a question looks for.

Lance's tokenizers drop the stop words of every language, single digits and letters, and whatever is longer than 40
characters, and take names apart or don't. So words are made here and stored in a column of their own, which Lance
splits at spaces and indexes as it is. A text has *words*, in order, for phrases, and *further forms* of them: the parts
of a name, a hyphenated word as a whole, the beginnings of a number such as 6.1.2. Further forms stand at the end of the
column, after a mark, so that no phrase reaches them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from lake.tables.folding import STEMMED, plain, spelt, stemmed
from lake.tables.stop_words import STOP_WORDS

#: The columns that hold the words of a chunk's text and of its headings.
WORD_COLUMNS = ("words", "heading_words")
#: Stands between the words of a text and their further forms. No question holds it as a word.
_MARK = "\u241f"
#: Longer words are cut, in texts and questions alike.
_LONGEST = 256
#: Longer pieces are data that hardly occur twice, so their words are not kept for the next time.
_REPEATED = 64
#: Stop words are a third of prose, and a tenth of prose in a related language.
_SHARE_OF_STOP_WORDS = 0.2
#: A name with more parts is a key or a hash, and is searched as a whole.
_MANY_PARTS = 8
_HASH = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{12,}")
#: Lengths to which people abbreviate the hash of a commit.
_ABBREVIATIONS = (7, 8, 10, 12)

#: Scripts without spaces between words: their runs are searched by character and by pairs of characters.
_UNSPACED = (
    "\u3005\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_HANGUL = "\uac00-\ud7a3"
#: What joins the parts of a name, and what may stand before and after it: .NET, #tag, --force, C++, C#.
_JOINS = r"::|->|://|\+\+|[.\-/:'@&\\=~+#,·]"
_ADDRESS = re.compile(r"://|::|->|[/\\@=~#]")
_ACRONYMS = re.compile("[A-Z]{2,}s")
_DIGITS_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


class Words(NamedTuple):
    """Words of a text in order, and further forms of them."""

    words: tuple[str, ...]
    forms: tuple[str, ...] = ()


class _Patterns(NamedTuple):
    piece: Any  # a run of an unspaced script, or a name with its signs
    run: Any  # letters, digits, marks and underscores
    join: Any
    part: Any  # of a run: parted by underscores, capitals, digits


def column(text: str, algorithm: str) -> str:
    """The words of a text as they are stored: separated by spaces, further forms last.

    >>> column("The crew's read_csv of 6.1.2", "english")
    "the crew read_csv of 6.1.2 ␟ crew s read csv 6.1 6 1 2"
    """
    words, forms = words_of(text, algorithm)
    return " ".join((*words, _MARK, *dict.fromkeys(forms)) if forms else words)


def words_of(text: str, algorithm: str) -> Words:
    """The words of a text, stemmed by a Snowball algorithm (``""``: not stemmed)."""
    words: list[str] = []
    forms: list[str] = []
    for piece in text.split():
        found = _known(piece, algorithm) if len(piece) <= _REPEATED else _of_piece(piece, algorithm)
        words += found.words
        forms += found.forms
    return Words(tuple(words), tuple(forms))


def algorithm_of(language: str | None, own: str) -> str:
    """The Snowball algorithm for a document in this language (ISO 639-1): ``""`` for a language without one.

    ``own`` is the algorithm of the lake, which is used if the language of a document is not known.
    """
    return STEMMED.get(language, "") if language else own


def fitting(text: str, algorithm: str, own: str) -> str:
    """The algorithm of a chunk: its document's, unless its stop words show that it is in the lake's own language.

    The language of a document is that of its beginning, and may be detected wrongly.
    """
    if algorithm == own or own not in STOP_WORDS:
        return algorithm
    pieces = text.casefold().split()
    n_own, n_other = (sum(piece in STOP_WORDS.get(one, ()) for piece in pieces) for one in (own, algorithm))
    is_own = n_own > n_other if algorithm in STOP_WORDS else n_own > _SHARE_OF_STOP_WORDS * len(pieces)
    return own if is_own else algorithm


def text_columns(tokenizer: str) -> tuple[str, str]:
    """The columns of chunks that full text is searched by, under a recipe with this tokenizer."""
    return WORD_COLUMNS if tokenizer == "words" else ("text", "heading")


def full_text(
    texts: pa.Array, headings: pa.Array, languages: pa.Array, tokenizer: str, language: str
) -> dict[str, pa.Array]:
    """The WORD_COLUMNS of chunks: nulls unless the recipe's ``tokenizer`` is ``words``. ``language`` is the recipe's."""
    if tokenizer != "words":
        return dict.fromkeys(WORD_COLUMNS, pa.nulls(len(texts), pa.string()))
    own, stated = language.lower(), zip(texts.to_pylist(), languages.to_pylist(), strict=True)
    algorithms = [fitting(text, algorithm_of(one, own), own) for text, one in stated]
    pairs = ((one.to_pylist(), algorithms) for one in (texts, headings))
    columns = ([text and column(text, by) for text, by in zip(*pair, strict=True)] for pair in pairs)
    return {name: pa.array(values, pa.string()) for name, values in zip(WORD_COLUMNS, columns, strict=True)}


class Asked(NamedTuple):
    """What a question looks for."""

    words: tuple[str, ...]
    forms: tuple[str, ...]  # further forms of the words
    phrases: tuple[str, ...]  # the words in order, in each way that they are stemmed


def asked(text: str, algorithms: Sequence[str]) -> Asked:
    """What a question looks for in texts stemmed by these algorithms, that of the lake's own language first.

    Stop words of the question's language are left out if other words remain: they say little about what it is about.
    """
    common = _common(text, algorithms)
    words, forms, phrases = dict[str, None](), dict[str, None](), dict[str, None]()
    for algorithm in algorithms:
        found = [_of_piece(piece, algorithm) for piece in text.split() if piece not in common]
        words |= dict.fromkeys(word for one in found for word in one.words)
        forms |= dict.fromkeys(form for one in found for form in one.forms)
        phrases[" ".join(words_of(text, algorithm).words)] = None
    return Asked(tuple(words), tuple(form for form in forms if form not in words), tuple(phrases))


def _common(text: str, algorithms: Sequence[str]) -> set[str]:
    """Pieces of a question that are stop words of its language; none if nothing else would be left."""
    pieces = [piece for piece in text.split() if any(map(str.isalnum, piece))]
    shouts = not any(map(str.islower, text))
    found = {
        algorithm: {
            piece
            for n, piece in enumerate(pieces)
            if _bare(piece) in STOP_WORDS.get(algorithm, ()) and (shouts or not _is_name(piece, n))
        }
        for algorithm in dict.fromkeys(algorithms)
    }
    counts = {algorithm: sum(piece in common for piece in pieces) for algorithm, common in found.items()}
    own, *_ = counts
    best = max(counts, key=lambda algorithm: counts[algorithm])
    # Languages share stop words, such as "in" and "war": another language than the lake's must fit clearly better.
    common = found[best if counts[best] >= counts[own] + 2 else own]
    return common if len(common) < len(set(pieces)) else set()


def _bare(piece: str) -> str:
    return spelt(piece).casefold().strip(".,;:!?¿¡()[]{}\"'“”„«»‹›…-–—/*")


def _is_name(piece: str, position: int) -> bool:
    """Whether a stop word is written as a name, such as the IT in "IT support" and the A in "vitamin A"."""
    letters = "".join(filter(str.isalpha, piece))
    return letters.isupper() and (len(letters) > 1 or (position > 0 and letters != "I"))


def _of_piece(piece: str, algorithm: str) -> Words:
    """Words of a text without spaces."""
    patterns = _ascii() if piece.isascii() else _unicode()
    words: list[str] = []
    forms: list[str] = []
    for match in patterns.piece.finditer(spelt(piece)):
        if match.lastgroup == "unspaced":
            found = _of_unspaced(match[0])
        else:
            found = _of_name(match["name"], algorithm, patterns)
            if match["sign"]:
                found = _signed(match["sign"] + match["name"], found)
        words += found.words
        forms += found.forms
    return Words(tuple(word[:_LONGEST] for word in words), tuple(form[:_LONGEST] for form in forms))


_known = lru_cache(maxsize=1 << 16)(_of_piece)


def _signed(whole: str, found: Words) -> Words:
    """A name with a sign before it; only that of .NET distinguishes it from the word."""
    if whole[0] == "." and len(found.words) == 1:
        return Words((_folded(whole),), (*found.words, *found.forms))
    return Words(found.words, (*found.forms, _folded(whole)))


def _of_unspaced(run: str) -> Words:
    """Each character with its marks, and pairs of them."""
    letters = [plain(letter) for letter in _unicode().part.findall(run)]
    return Words(tuple(letters), tuple(map("".join, zip(letters, letters[1:], strict=False))))


def _of_name(name: str, algorithm: str, patterns: _Patterns) -> Words:
    runs = patterns.run.findall(name)
    if len(runs) == 1 and runs[0] == name:
        return _of_run(name, algorithm, patterns)
    joins = set(patterns.join.findall(name))
    if _ADDRESS.search(name[:-1]) and not all(map(str.isdigit, runs)):
        return _of_address(name, algorithm, patterns)
    parts = [_of_run(run, algorithm, patterns) for run in runs]
    each = [word for part in parts for word in part.words]
    further = [form for part in parts for form in part.forms]
    whole = _folded(name)
    if joins == {"'"}:  # doesn't, l'eau
        return Words((_token(name, algorithm),), tuple(form for form in (*each, *further) if len(form) > 1))
    if joins <= {"-", ":", ","} and all(map(str.isalpha, runs)):  # state-of-the-art
        return Words(tuple(each), (*further, *((_token("".join(runs), algorithm),) if len(runs) == 2 else ())))
    if len(runs) > _MANY_PARTS:
        return Words(tuple(each), (*further, whole))
    return Words((whole,), tuple(dict.fromkeys((*_beginnings(name, whole, patterns), *each, *further))))


def _of_address(name: str, algorithm: str, patterns: _Patterns) -> Words:
    """A URL, a path, an e-mail address, an assignment: the words of its parts, and the whole."""
    parts = [_of_name(part, algorithm, patterns) for part in _ADDRESS.split(name) if patterns.run.search(part)]
    words = tuple(word for part in parts for word in part.words)
    return Words(words, (*(form for part in parts for form in part.forms), _folded(name)))


def _beginnings(name: str, whole: str, patterns: _Patterns) -> Iterator[str]:
    """Other forms of a name that is one word: 6.1 and 6 of 6.1.2, 1.2.3 of v1.2.3, 1234 of 1,234."""
    if _DIGITS_GROUPED.fullmatch(name):
        yield name.replace(",", "")
    if whole[0] == "v" and whole[1:2].isdigit():
        yield whole[1:]
    for join in reversed(list(patterns.join.finditer(name))):
        beginning = name[: join.end() if join[0] == "++" else join.start()]
        if not beginning.isalpha():  # else it is one of the parts
            yield _folded(beginning)


def _of_run(run: str, algorithm: str, patterns: _Patterns) -> Words:
    """A run of letters, digits and underscores, and its parts."""
    if run.isalpha() and (run.islower() or run.istitle() or run.isupper()) and run.isascii():  # nearly all words
        return Words((_token(run, algorithm),))
    whole = _folded(run)
    if _HASH.fullmatch(whole):
        return Words((whole,), tuple(whole[:n] for n in _ABBREVIATIONS if n < len(whole)))
    parts = patterns.part.findall(run)
    if len(parts) == 1:
        further = (_folded(parts[0][:-1]),) if _ACRONYMS.fullmatch(parts[0]) else _pairs(parts[0])
        return Words((_token(parts[0], algorithm),), further if parts[0] == run else (*further, whole))
    if len(parts) > _MANY_PARTS and "_" not in run:
        return Words((whole,))
    forms = tuple(form for part in parts if _says(part) for form in (_token(part, algorithm), *_pairs(part)))
    return Words((_token(run, algorithm) if run.isalpha() else whole,), forms)


def _says(part: str) -> bool:
    """Whether a part of a name is more than one letter of it, such as the i of iPhone."""
    return len(part) > 1 or not part.isascii() or part.isdigit()


def _pairs(word: str) -> tuple[str, ...]:
    """Pairs of syllables of a long Korean word, whose endings vary."""
    if word.isascii() or len(word) < 3 or not re.fullmatch(f"[{_HANGUL}]+", word):
        return ()
    return tuple(map("".join, zip(word, word[1:], strict=False)))


def _token(word: str, algorithm: str) -> str:
    return plain(stemmed(word.casefold(), algorithm))


def _folded(word: str) -> str:
    return plain(word.casefold())


@cache
def _ascii() -> _Patterns:
    return _Patterns(
        re.compile(_names("[A-Za-z0-9_]", "[A-Za-z]")),
        re.compile("[A-Za-z0-9_]+"),
        re.compile(_JOINS),
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
    names = _names(of_run, r"\p{L}")
    patterns = (f"{unspaced}|{names}", f"{of_run}+", _JOINS, part)
    return _Patterns(*(regex.compile(pattern, regex.V1) for pattern in patterns))


def _names(of_run: str, letter: str) -> str:
    """Pattern of a name: runs that signs join, with a sign before it and one after it."""
    sign = rf"(?P<sign>(?<!{of_run})(?<![.])(?:--?|[.@#$])(?={letter}))"
    end = rf"(?<={letter})(?:\+\+|[+#])(?!{of_run})"
    return rf"{sign}?(?P<name>{of_run}+(?:(?:{_JOINS}){of_run}+)*(?:{end})?)"

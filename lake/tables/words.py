"""The columns of words that full text is searched by, and the words that a question looks for in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from lake.chunk.context import holds, meaningful_title
from lake.parse.titles import file_name
from lake.recipe import TextIndex, are_own
from lake.recipe.full_text import WORDS_REVISION
from lake.tables.analyzer import Analyzer, Words
from lake.tables.folding import STEMMED, spelt
from lake.tables.places import place_text
from lake.tables.spaced_numbers import spaced_numbers
from lake.tables.stop_words import STOP_WORDS

if TYPE_CHECKING:
    import pyarrow as pa

#: The columns that hold the words of a chunk's text, with those of its document's title and place, and of its headings.
WORD_COLUMNS = ("words", "heading_words")
#: The columns of chunks that they are made of.
SPOKEN_COLUMNS = ("text", "heading", "language", "title", "uri", "situation")
#: Stands between the words of several texts, and before their further forms, so that no phrase reaches over it. It is
#: in no question.
_MARK = "\u241f"
#: Maximum characters of a title that may be the name of a file.
_LONGEST_NAME = 300
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
#: Stop words are a third of prose, and a tenth of prose in a related language.
_SHARE_OF_STOP_WORDS = 0.2
#: Umlauts that are spelt out, where they can be (not in "neue", "Feuer", "Quelle"), and the first letter of Ålborg;
#: shorter words are other words.
_SPELT_OUT, _LEAST_SPELT_OUT = re.compile(r"(?<![aeoq])ue|(?<![ei])[ao]e(?![uy])|\bAa", re.IGNORECASE), 5
_UMLAUT = {"ae": "ä", "oe": "ö", "ue": "ü", "aa": "å"}
_SPELLING_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "Å": "Aa"})
#: Minimum number of a question's different stop words in a language that no document is in.
_OF_A_FOREIGN_LANGUAGE = 3


def text_columns(tokenizer: str) -> tuple[str, str]:
    """The columns of chunks that full text is searched by, under a recipe with this tokenizer."""
    return WORD_COLUMNS if are_own(tokenizer) else ("text", "heading")


def full_text(chunks: Mapping[str, pa.Array], index: TextIndex) -> dict[str, pa.Array]:
    """The WORD_COLUMNS of chunks from their SPOKEN_COLUMNS; nulls if Lance makes the words. ``index``: the recipe's."""
    import pyarrow as pa  # a terminal marks words without it

    if not are_own(index.tokenizer):
        return dict.fromkeys(WORD_COLUMNS, pa.nulls(len(chunks["text"]), pa.string()))
    own = index.language.lower()
    words: dict[str, list[str | None]] = {name: [] for name in WORD_COLUMNS}
    spoken = (chunks[name].to_pylist() for name in SPOKEN_COLUMNS)
    for text, heading, language, title, uri, situation in zip(*spoken, strict=True):
        by = _analyzer(_fitting(text, algorithm_of(language, own), own), index.tokenizer, index.revision)
        said = (*_around(heading or "", title or "", uri or "", index.parts), situation)
        around = [_words(by, one) for one in said if one]
        words["words"].append(_stored([by.words_of(text or ""), *around]) if text or around else text)
        above = heading if "headings" in index.parts else heading and ""
        words["heading_words"].append(above and _stored([_words(by, above)]))
    return {name: pa.array(values, pa.string()) for name, values in words.items()}


@lru_cache(maxsize=4096)
def _around(heading: str, title: str, uri: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    """What title and place say about a chunk beyond its headings; a title that is the name of a file counts as one."""
    stated = meaningful_title(title) if "title" in parts else ""
    if holds(heading, stated):
        stated = ""
    if "place" not in parts:
        return (stated,)
    names = [uri, *([file_name(title[:_LONGEST_NAME])] if "title" in parts else [])]
    said = {*heading.casefold().split(), *stated.casefold().split()}
    words = dict.fromkeys(word for name in names for word in place_text(name).split() if word.casefold() not in said)
    return stated, " ".join(words)


@lru_cache(maxsize=4096)
def _words(by: Analyzer, text: str) -> Words:
    return by.words_of(text)


def column(text: str, analyzer: Analyzer) -> str:
    """The words of a text as they are stored: separated by spaces, each further form once and last.

    >>> column("The crew's read_csv of 6.1.2", Analyzer("english"))
    'the crew read_csv of 6.1.2 ␟ crew read csv 6.1 6 1 2'
    """
    return _stored([analyzer.words_of(text)])


def _stored(found: Sequence[Words]) -> str:
    forms = dict.fromkeys(form for one in found for form in one.forms)
    words = f" {_MARK} ".join(" ".join(one.words) for one in found)
    return " ".join((words, _MARK, *forms)) if forms else words


def _analyzer(algorithm: str, tokenizer: str, revision: int) -> Analyzer:
    return Analyzer(algorithm, tokenizer == "words/accents", revision)


def any_tokens(text: str) -> set[str]:
    """Every word and further form of a text, whatever its language is taken for and whenever it was indexed."""
    pieces = set(text.split())
    tokens = {form for _, _, form in spaced_numbers(text)}
    # What revision 0 spelled otherwise has other letters than ASCII's; what 1 has, 2 has as well.
    by_revision = {0: {piece for piece in pieces if not piece.isascii()}, 2: pieces, WORDS_REVISION: pieces}
    for algorithm, keeps, (revision, some) in product({"", *STEMMED.values()}, (False, True), by_revision.items()):
        tokens |= Analyzer(algorithm, keeps, revision).tokens_of(some)
    return tokens


def algorithm_of(language: str | None, own: str) -> str:
    """The Snowball algorithm for a document in this language (ISO 639-1): ``""`` for a language without one.

    ``own`` is the algorithm of the lake, which is used if the language of a document is not known.
    """
    return STEMMED.get(language, "") if language else own


def _fitting(text: str, algorithm: str, own: str) -> str:
    """The algorithm of a chunk: its document's, unless its stop words show that it is in the lake's own language.

    The language of a document is that of its beginning, and may be detected wrongly.
    """
    if algorithm == own or own not in STOP_WORDS:
        return algorithm
    pieces = text.casefold().split()
    n_own, n_other = (sum(piece in STOP_WORDS.get(one, ()) for piece in pieces) for one in (own, algorithm))
    is_own = n_own > n_other if algorithm in STOP_WORDS else n_own > _SHARE_OF_STOP_WORDS * len(pieces)
    return own if is_own else algorithm


class Asked(NamedTuple):
    """What a question looks for."""

    words: tuple[str, ...]
    forms: tuple[str, ...]  # further forms of the words
    phrases: tuple[str, ...]  # the words in order, in each way that they are stemmed


def asked(text: str, algorithms: Sequence[str], tokenizer: str = "words", revision: int = WORDS_REVISION) -> Asked:
    """What a question looks for in texts stemmed by these algorithms, that of the lake's own language first.

    Stop words of the question's language are left out if other words remain: they say little about what it is about.
    """
    common = common_pieces(text, algorithms)
    telling = " ".join(piece for piece in text.split() if piece not in common)
    respelt = _respelt(telling)
    words, forms, phrases = dict[str, None](), dict[str, None](), dict[str, None]()
    for algorithm in algorithms:
        analyzer = _analyzer(algorithm, tokenizer, revision)
        found = analyzer.words_of(telling)
        words |= dict.fromkeys(found.words)
        forms |= dict.fromkeys((*found.forms, *(analyzer.words_of(respelt).words if respelt else ())))
        # A text may have a space where a phrase has a hyphen: "Type-2 diabetes".
        phrases |= dict.fromkeys(" ".join(analyzer.words_of(one).words) for one in (text, _HYPHEN.sub(" ", text)))
    return Asked(tuple(words), tuple(form for form in forms if form not in words), tuple(phrases))


def _respelt(text: str) -> str:
    """The words with "ue" for "ü", or "ü" for "ue", as names are written where there are no umlauts.

    German stems are alike for both; those of texts in other languages are not.

    >>> _respelt("Herr Mueller, neue Göthe-Ausgabe von 1790 in Blau")
    'Müller, Goethe-Ausgabe'
    """
    turned = (
        _SPELT_OUT.sub(lambda found: _UMLAUT[found[0].casefold()], word)
        if word.isascii() and len(word) >= _LEAST_SPELT_OUT
        else word.translate(_SPELLING_OUT)
        for word in text.split()
    )
    return " ".join(new for word, new in zip(text.split(), turned, strict=True) if new != word)


def common_pieces(text: str, algorithms: Sequence[str]) -> set[str]:
    """Pieces of a question, between spaces, that are stop words of its language; none if nothing else would be left.

    The question may be in a language of no document, in which its stop words would be rare, telling words.
    """
    pieces = [piece for piece in text.split() if any(map(str.isalnum, piece))]
    shouts = not any(map(str.islower, text))
    candidates = {piece: _bare(piece) for n, piece in enumerate(pieces) if shouts or not _is_name(piece, n)}
    found = {
        algorithm: {piece for piece, bare in candidates.items() if bare in STOP_WORDS.get(algorithm, ())}
        for algorithm in dict.fromkeys([*algorithms, *STOP_WORDS])
    }
    counts = {algorithm: sum(piece in common for piece in pieces) for algorithm, common in found.items()}
    own, best = algorithms[0], max(algorithms, key=lambda algorithm: counts[algorithm])
    # Languages share stop words, such as "in" and "war": another language than the lake's must fit clearly better,
    # and one of no document must show three, since names such as "El Al" have two.
    best = best if counts[best] >= counts[own] + 2 else own
    foreign = max(found, key=lambda algorithm: counts[algorithm])
    if counts[foreign] >= counts[best] + 2 and len(set(map(_bare, found[foreign]))) >= _OF_A_FOREIGN_LANGUAGE:
        best = foreign
    return found[best] if len(found[best]) < len(set(pieces)) else set()


def _bare(piece: str) -> str:
    return spelt(piece).casefold().strip(".,;:!?¿¡()[]{}\"'“”„«»‹›…-–—/*")


def _is_name(piece: str, position: int) -> bool:
    """Whether a stop word is written as a name, such as the IT in "IT support" and the A in "vitamin A".

    >>> _is_name("IT", 0), _is_name("A", 1), _is_name("A", 0), _is_name("I", 3)
    (True, True, False, False)
    """
    letters = "".join(filter(str.isalpha, piece))
    return letters.isupper() and (len(letters) > 1 or (position > 0 and letters != "I"))

"""Finds the words of a question in a text that a search returned, to mark them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from lake.parse.graphemes import clusters
from lake.tables.analyzer import Analyzer, parts_of, pieces_of
from lake.tables.folding import plain, spelt
from lake.tables.spaced_numbers import spaced_numbers
from lake.tables.words import algorithm_of, common_pieces

_USUAL = "english"
#: A name of more parts is marked as a whole.
_MANY_PARTS = 24
#: Maximum characters by which a word is longer than its stem.
_MOST_STEMMED = 8
#: A place: start and end in the text.
Place = tuple[int, int]


def found_words(text: str, question: str, language: str | None = None) -> list[Place]:
    """Places (start, end) of the words that a question looks for, in order.

    Further forms of a word, such as parts of a name, are marked only if the text lacks the word itself, and of a name
    that holds the word only the word. ``language`` is that of the text (ISO 639-1), if it is known.

    >>> found_words("Pumps, under clause 6.1.2.", "the pump 6.1.2")
    [(0, 5), (20, 25)]
    """
    algorithms = tuple(dict.fromkeys((algorithm_of(language, _USUAL), _USUAL, "")))
    common = common_pieces(question, algorithms)
    asked = " ".join(piece for piece in question.split() if piece not in common)
    pieces = list(_pieces(asked))
    names, runs = _parted(text)
    found = [*_of_names({one.text for one in pieces if not one.is_unspaced}, names, algorithms)]
    found += _of_runs({_spelled(one) for one in pieces if one.is_unspaced}, runs)
    wanted = {form for _, _, form in spaced_numbers(asked)} | {plain(one.text.casefold()) for one in pieces}
    found += [(start, end) for start, end, form in spaced_numbers(text) if form in wanted]
    return _merged(sorted(found))


class _Piece(NamedTuple):
    """A name or a run of a script without spaces, spelled as it is analyzed."""

    text: str
    places: Sequence[Place]  # of each of its characters in the text as it stands
    is_unspaced: bool

    def part(self, start: int, end: int) -> _Piece:
        return _Piece(self.text[start:end], self.places[start:end], self.is_unspaced)

    @property
    def place(self) -> Place:
        return self.places[0][0], self.places[-1][1]


def _pieces(text: str) -> Iterator[_Piece]:
    for piece in re.finditer(r"\S+", text):
        at = piece.start()
        if piece[0].isascii():
            spelled, places = piece[0], [(at + n, at + n + 1) for n in range(len(piece[0]))]
        else:
            each = [(spelt(piece[0][start:end]), (at + start, at + end)) for start, end in clusters(piece[0])]
            spelled, places = "".join(one for one, _ in each), [place for one, place in each for _ in one]
        for start, found, is_unspaced in pieces_of(spelled):
            yield _Piece(found, places[start : start + len(found)], is_unspaced)


def _parted(text: str) -> tuple[list[_Piece], list[_Piece]]:
    """The names of a text, and its runs of scripts without spaces, whose numbers are names as well."""
    names, runs = list[_Piece](), list[_Piece]()
    for piece in _pieces(text):
        if piece.is_unspaced:
            runs.append(piece)
            names += [piece.part(*found.span()) for found in re.finditer(r"\d{3,}", piece.text)]
        else:
            names.append(piece)
    return names, runs


def _of_names(asked: Collection[str], names: Sequence[_Piece], algorithms: Sequence[str]) -> Iterator[Place]:
    """Places of each name of the question: of itself, else of its words, else of further forms of them."""
    alike: dict[str, list[_Piece]] = defaultdict(list)
    for one in names if asked else ():
        alike[one.text].append(one)
    with_token: dict[str, set[str]] = defaultdict(set)
    for text in alike:
        for token in _tokens(text, algorithms):
            with_token[token].add(text)
    for name in asked:
        each = [Analyzer(one).words_of(name) for one in algorithms]
        for wanted in (
            {plain(name.casefold())},
            {word for one in each for word in one.words},
            {form for one in each for form in one.forms},
        ):
            if found := set[str]().union(*(with_token.get(token, ()) for token in wanted)):
                for text in found:
                    spans = _narrowed(text, wanted, algorithms)
                    yield from (one.part(*span).place for one in alike[text] for span in spans)
                break


def _tokens(name: str, algorithms: Sequence[str]) -> set[str]:
    return {token for one in algorithms for part in Analyzer(one).words_of(name) for token in part}


def _narrowed(name: str, wanted: Collection[str], algorithms: Sequence[str]) -> list[tuple[int, int]]:
    """Where a name holds wanted words, as ``rack.ini`` of ``D:/depot/rack.ini``; else all of it.

    Parts that only a sign separates are one place.
    """
    parts = list(parts_of(name))
    spans: list[tuple[int, int]] = []
    at, after = 0, -1
    longest = max(map(len, wanted)) + _MOST_STEMMED
    while at < len(parts) <= _MANY_PARTS:
        start = parts[at][0]
        ends = (n for n in reversed(range(at, len(parts))) if parts[n][1] - start <= longest)
        words = (n for n in ends if any(_is_word(name[start : parts[n][1]], wanted, one) for one in algorithms))
        last = next(words, None)
        if last is None:
            at += 1
            continue
        begins = spans.pop()[0] if at == after else start
        spans.append((begins, parts[last][1]))
        at = after = last + 1
    return spans or [(0, len(name))]


def _is_word(text: str, wanted: Collection[str], algorithm: str) -> bool:
    words = Analyzer(algorithm).words_of(text).words
    return len(words) == 1 and words[0] in wanted


def _letters(run: _Piece) -> list[tuple[str, Place]]:
    """The characters of a run with their marks."""
    return [(plain(run.text[start:end].casefold()), run.part(start, end).place) for start, end in parts_of(run.text)]


def _spelled(run: _Piece) -> tuple[str, ...]:
    return tuple(letter for letter, _ in _letters(run))


def _of_runs(asked: Collection[tuple[str, ...]], runs: Sequence[_Piece]) -> Iterator[Place]:
    """Places of each run of the question; if the text lacks one, of pairs of its characters."""
    each = [_SearchedRun.of(run) for run in runs] if asked else []
    for wanted in asked:
        whole = [place for run in each for place in run.places(wanted)]
        yield from whole or (place for pair in set(pairwise(wanted)) for run in each for place in run.places(pair))


class _SearchedRun(NamedTuple):
    """A run of a script without spaces, as one string of its characters with their marks between separators."""

    joined: str
    number_at: dict[int, int]
    letters: list[tuple[str, Place]]

    @classmethod
    def of(cls, run: _Piece) -> _SearchedRun:
        letters = _letters(run)
        offsets = accumulate((len(letter) + 1 for letter, _ in letters), initial=0)
        number_at = dict(zip(offsets, range(len(letters)), strict=False))
        return cls(_joined(letter for letter, _ in letters), number_at, letters)

    def places(self, wanted: Sequence[str]) -> Iterator[Place]:
        sought, at = _joined(wanted), -1
        while (at := self.joined.find(sought, at + 1)) >= 0:
            n = self.number_at[at]
            yield self.letters[n][1][0], self.letters[n + len(wanted) - 1][1][1]


def _joined(letters: Iterable[str]) -> str:
    return "\0".join(("", *letters, ""))


def _merged(places: Sequence[Place]) -> list[Place]:
    """Places without overlaps, in order; words that follow each other without a space are one place."""
    merged: list[Place] = []
    for start, end in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged

"""Finds the words of a question in a text that a search returned, to mark them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from lake.graphemes import clusters
from lake.tables.analyzer import Analyzer, parts_of, pieces_of, spaced_numbers
from lake.tables.folding import plain, spelt
from lake.tables.words import algorithm_of, common_pieces

_USUAL = "english"
#: A name of more parts is marked as a whole.
_MANY_PARTS = 24
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
    found = [place for one in pieces if not one.is_unspaced for place in _of_name(one.text, names, algorithms)]
    found += [place for one in pieces if one.is_unspaced for place in _of_run(_letters(one), list(map(_letters, runs)))]
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


def _of_name(asked: str, names: Sequence[_Piece], algorithms: Sequence[str]) -> Iterator[Place]:
    """Places of a name of the question: of itself, else of its words, else of further forms of them."""
    each = [Analyzer(one).words_of(asked) for one in algorithms]
    tokens = [(name, _tokens(name.text, algorithms)) for name in names]
    for wanted in (
        {plain(asked.casefold())},
        {word for one in each for word in one.words},
        {form for one in each for form in one.forms},
    ):
        if found := [name for name, forms in tokens if not wanted.isdisjoint(forms)]:
            yield from (place for name in found for place in _narrowed(name, wanted, algorithms))
            return


def _tokens(name: str, algorithms: Sequence[str]) -> set[str]:
    return {token for one in algorithms for part in Analyzer(one).words_of(name) for token in part}


def _narrowed(name: _Piece, wanted: Collection[str], algorithms: Sequence[str]) -> list[Place]:
    """The parts of a name that are wanted words, as ``rack.ini`` of ``D:/depot/rack.ini``; else all of it.

    Parts that only a sign separates are one place.
    """
    parts = list(parts_of(name.text))
    places: list[Place] = []
    at, after = 0, -1
    while at < len(parts) <= _MANY_PARTS:
        spans = ((n, name.part(parts[at][0], parts[n][1])) for n in reversed(range(at, len(parts))))
        words = (span for span in spans if any(_is_word(span[1].text, wanted, one) for one in algorithms))
        if word := next(words, None):
            start, end = word[1].place
            places = [*places[:-1], (places[-1][0], end)] if at == after else [*places, (start, end)]
            at = after = word[0] + 1
        else:
            at += 1
    return places or [name.place]


def _is_word(text: str, wanted: Collection[str], algorithm: str) -> bool:
    words = Analyzer(algorithm).words_of(text).words
    return len(words) == 1 and words[0] in wanted


def _letters(run: _Piece) -> list[tuple[str, Place]]:
    """The characters of a run with their marks."""
    return [(plain(run.text[start:end].casefold()), run.part(start, end).place) for start, end in parts_of(run.text)]


def _of_run(asked: list[tuple[str, Place]], runs: Sequence[list[tuple[str, Place]]]) -> Iterator[Place]:
    """Places of a run of the question; if the text lacks it, of pairs of its characters."""
    wanted = [letter for letter, _ in asked]
    if found := list(_occurrences({tuple(wanted)}, len(wanted), runs)):
        yield from found
    elif len(wanted) > 1:
        yield from _occurrences(set(pairwise(wanted)), 2, runs)


def _occurrences(
    wanted: Collection[tuple[str, ...]], length: int, runs: Sequence[list[tuple[str, Place]]]
) -> Iterator[Place]:
    for run in runs:
        letters = [letter for letter, _ in run]
        for n in range(len(run) - length + 1):
            if tuple(letters[n : n + length]) in wanted:
                yield run[n][1][0], run[n + length - 1][1][1]


def _merged(places: Sequence[Place]) -> list[Place]:
    """Places without overlaps, in order; words that follow each other without a space are one place."""
    merged: list[Place] = []
    for start, end in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged

"""Splits compounds: German "Krankenversicherungsbeitrag" holds "Versicherung" and "Beitrag".

The nouns that many compounds are made of, in any of their forms, stand in one file for each language, by Snowball's
name of it. What differs between languages besides is stated in ``_RULES``. The everyday nouns that revision 3 added,
many of them short, stand in files of their own, with first parts that are no nouns ("wasch-") and with listed words
that are compounds ("feuer+wehr"); they are compared letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from lake.tables.folding import stemmed

#: Letters of a compound at most, of its parts at least, of a first part that is no known word, of stems, and of stems
#: that hardly stand in other words by chance; of words that are short at most.
_LONGEST, _LEAST_PART, _LEAST_UNKNOWN, _LEAST_STEM, _LONG_STEM, _SHORT = 60, 3, 4, 3, 5, 3
#: The revision of spelling that knows everyday words, and letters of a compound of them and of its first part at least.
_EVERYDAY, _LEAST_EVERYDAY, _LEAST_FIRST = 3, 6, 2


class _Rules(NamedTuple):
    """How a language joins words.

    ``since`` is the revision of spelling that splits them first; ``least`` the letters of a compound. ``links`` are
    endings of a first part that the stemmer does not take off, and what the word itself has in their place.
    ``derived`` are endings of words that an -s- follows. No first part is one of ``prefixes``, nor ends in one
    unless it is listed. No compound ends like ``adjectives`` and other words that are no nouns unless its last part
    is listed and not short. ``merges``: of three equal consonants at a seam one is left out. ``nests``: a first
    part may be a compound of listed words. ``joints`` stand between everyday words, which have these ``endings``;
    no compound of them begins with ``particles`` or ends like ``others``, and a first part may lack one
    of the vowels ``dropped``.
    """

    since: int
    least: int
    vowels: frozenset[str] = frozenset("aeiouyäöü")
    links: tuple[tuple[str, str], ...] = ()
    derived: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    merges: bool = False
    nests: bool = True
    joints: tuple[str, ...] = ("", "s", "e")
    endings: tuple[str, ...] = ("", "s")
    particles: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    dropped: str = ""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NORDIC = frozenset("aeiouyæøåäö")
_RULES = {
    "german": _Rules(
        since=0,
        least=8,
        nests=False,
        particles=("zuge",),
        others=_words("isch ische ischem ischen ischer isches ende enden endes"),
        joints=("", "s", "es", "n", "en", "e", "er"),
        endings=("", "s", "es", "e", "n", "en", "er", "ern"),
    ),
    "dutch": _Rules(
        since=2,
        least=8,
        vowels=frozenset("aeiouyéëï"),
        links=(("s", ""), ("en", ""), ("e", "")),
        derived=_words("ings heids teits schaps ments"),
        prefixes=_words(
            "achter boven buiten door mede onder over samen tegen terug tussen verder voor voort weer "
            "be ge her ont ver aan af op toe uit beïn"
        ),
        adjectives=_words("ig ige igen lijk lijke rijk rijke isch ische baar bare zaam zame loos loze erde erden"),
        joints=("", "s", "en", "n", "e"),
        endings=("", "s", "en", "n", "je", "jes", "tje", "tjes"),
    ),
    "swedish": _Rules(
        since=2,
        least=7,
        vowels=_NORDIC,
        links=(("s", ""), ("e", ""), ("o", "a"), ("u", "a")),
        derived=_words("ings hets tets skaps ions ments doms nads els"),
        prefixes=_words(
            "efter emot fram från före genom igen inne kring mellan mot till under unna upp över åter "
            "an av be för in på pås samm ut"
        ),
        adjectives=_words("ig igt iga igen isk iskt iska ande erad erade erades erat erar ares tisk"),
        merges=True,
        endings=("", "s", "n", "en", "ns", "ens", "t", "et", "ets", "ar", "er", "or", "arna", "erna", "na"),
        others=_words("andet anden"),
        dropped="ae",
    ),
    "danish": _Rules(
        since=2,
        least=7,
        vowels=_NORDIC,
        links=(("s", ""), ("e", "")),
        derived=_words("ings heds tets skabs ions ments doms els"),
        prefixes=_words(
            "efter først frem forud fore gennem igen imod mellem mod oven over under an af be for ind op på til ud und"
        ),
        adjectives=_words("ig igt ige isk iske ende erede eret"),
        endings=("", "s", "n", "en", "ens", "t", "et", "ets", "e", "er", "r", "erne", "ene", "ne"),
        others=_words("erende tage tager"),
    ),
    "norwegian": _Rules(
        since=2,
        least=7,
        vowels=_NORDIC,
        links=(("s", ""), ("e", "")),
        derived=_words("ings hets tets skaps jons ments doms els"),
        prefixes=_words(
            "etter fram frem forut fore gjennom igjen imot mellom mot oven over under "
            "an av be for inn opp på til und ut"
        ),
        adjectives=_words("ig igt ige leg lege isk iske ende erte ert les"),
        merges=True,
        endings=("", "s", "n", "en", "ens", "a", "t", "et", "ets", "e", "er", "r", "ene", "ne", "ar", "ane"),
    ),
}


class _Known(NamedTuple):
    """Words that compounds are made of, their stems, and the long ones of these."""

    listed: frozenset[str]
    long: frozenset[str]
    every: frozenset[str]


@cache
def _known(algorithm: str) -> _Known:
    file = Path(__file__).with_name("compound_words") / f"{algorithm}.txt"
    listed = frozenset(file.read_text(encoding="utf-8").split())
    stems = {stemmed(word, algorithm) for word in listed}
    return _Known(
        listed,
        frozenset(stem for stem in stems if len(stem) >= _LONG_STEM),
        frozenset(stem for stem in stems if len(stem) >= _LEAST_STEM),
    )


def parts_of_compound(word: str, algorithm: str, revision: int) -> tuple[str, ...]:
    """The words that a case-folded word is made of, last one first; nothing for a language without a list of them.

    What links two words belongs to neither: the stemmer takes it off, or the rules of the language do. A first part
    need not be known, and comes whole as well as in parts. ``revision`` is that of ``WORDS_REVISION``.

    >>> parts_of_compound("krankenversicherungsbeiträge", "german", 0), parts_of_compound("apparat", "german", 0)
    (('beiträge', 'krankenversicherungs', 'versicherungs', 'kranken'), ())
    >>> parts_of_compound("hälsoförsäkring", "swedish", 2), parts_of_compound("hälsoförsäkring", "swedish", 1)
    (('försäkring', 'hälsa'), ())
    """
    rules = _RULES.get(algorithm)
    if rules is None or revision < rules.since:
        return ()
    if revision >= _EVERYDAY:
        if word.startswith(rules.particles):
            return ()
        if parts := tuple(_everyday_parts(word, algorithm)):
            return parts
    return tuple(_parts(word, algorithm, rules))


class _Everyday(NamedTuple):
    """Words that everyday compounds begin with and end in, these in all forms, and last parts of listed compounds."""

    firsts: frozenset[str]
    lasts: frozenset[str]
    inflected: frozenset[str]
    parted: dict[str, str]


@cache
def _everyday(algorithm: str) -> _Everyday:
    file = Path(__file__).with_name("compound_words") / f"{algorithm}_everyday.txt"
    words = file.read_text(encoding="utf-8").split()
    parted = {word.replace("+", ""): word.partition("+")[2] for word in words if "+" in word}
    known = _known(algorithm).listed | parted.keys()
    whole = [word for word in words if "+" not in word]
    lasts = {word for word in whole if not word.endswith("-")} | {word for word in known if len(word) > _SHORT}
    firsts = known.union(word.removesuffix("-") for word in whole)
    inflected = frozenset(last + ending for last in lasts for ending in _RULES[algorithm].endings)
    return _Everyday(frozenset(firsts), frozenset(lasts), inflected, parted)


def _everyday_parts(word: str, algorithm: str) -> Iterator[str]:
    """The parts of a word that is made of two or more listed ones as they are written."""
    rules, listed = _RULES[algorithm], _everyday(algorithm)
    if not _LEAST_EVERYDAY <= len(word) <= _LONGEST or word.endswith(rules.others):
        return
    if word in listed.inflected:
        bare = next(_bare(word, listed.lasts, rules))
        if last := listed.parted.get(bare, ""):
            yield from (word[len(bare) - len(last) :], bare.removesuffix(last))
        return
    is_adjective = word.endswith(rules.adjectives)
    for at in range(_LEAST_FIRST, len(word) - _LEAST_PART + 1):
        first, last = word[:at], word[at:]
        if last not in (listed.lasts if is_adjective else listed.inflected):
            continue
        # After a first part that is a compound stands an -s-: "fotbolls-lag" and not "fotboll-slag".
        if last[0] == "s" and last[1:] in listed.firsts and any(_everyday_parts(first, algorithm)):
            continue
        if found := next(_joined(first, last, listed, algorithm), ""):
            yield from (last, found, *_everyday_parts(found, algorithm))
            return


def _bare(word: str, listed: frozenset[str], rules: _Rules) -> Iterator[str]:
    """The listed words of which a word is a form."""
    for ending in rules.endings:
        bare = word.removesuffix(ending)
        if word.endswith(ending) and bare in listed:
            yield bare


def _joined(word: str, last: str, listed: _Everyday, algorithm: str) -> Iterator[str]:
    """What a first part may be without the letters that join it to the last one: a listed word, or a compound."""
    rules = _RULES[algorithm]
    if len(word) < _LEAST_PART:
        yield from [word] if word in listed.firsts and len(last) > _SHORT else []
        return
    if word in rules.prefixes and word not in listed.firsts:
        return
    spellings = [word.removesuffix(joint) for joint in rules.joints if word.endswith(joint)]
    spellings += [word.removesuffix(link) + end for link, end in rules.links if end and word.endswith(link)]
    if rules.merges and word[-1] == last[0] not in rules.vowels:
        spellings.append(word + last[0])
    spellings = [one for one in spellings if len(one) >= _LEAST_PART]
    whole = [word + vowel for vowel in rules.dropped] if len(last) > _SHORT else []
    yield from (one for one in [*spellings, *whole] if one in listed.firsts)
    yield from (one for one in spellings if any(_everyday_parts(one, algorithm)))


def _parts(word: str, algorithm: str, rules: _Rules) -> Iterator[str]:
    known = _known(algorithm)
    if not rules.least <= len(word) <= _LONGEST or stemmed(word, algorithm) in known.every:
        return
    is_adjective = word.endswith(rules.adjectives)
    for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        last = word[at:]
        head = stemmed(last, algorithm)
        is_noun = not is_adjective or (len(last) > _SHORT and last in known.listed)
        if head not in known.every or not is_noun:
            continue
        if first := _first(word[:at], last, head in known.long, algorithm):
            yield from (last, first, *_parts(first, algorithm, rules))
            return


def _first(word: str, last: str, is_long: bool, algorithm: str) -> str:
    """The first part of a compound without what links it to the last one; ``""`` if it can't be one.

    ``is_long``: the last one is too long to stand there by chance, so that the first one need not be known.
    """
    rules, known = _RULES[algorithm], _known(algorithm)
    spellings = [word, *(word.removesuffix(link) + end for link, end in rules.links if word.endswith(link))]
    if rules.merges and word[-1] == last[0] not in rules.vowels:
        spellings.append(word + last[0])
    if any(one in rules.prefixes for one in spellings):
        return ""
    listed = (one for one in spellings if one in known.listed)
    stems = (one for one in spellings if len(one) >= _LEAST_PART and stemmed(one, algorithm) in known.every)
    if found := next(chain(listed, stems), ""):
        return found
    if word.endswith(rules.prefixes):
        return ""
    if is_long and len(word) >= _LEAST_UNKNOWN and not rules.vowels.isdisjoint(word):
        return word[:-1] if word.endswith(rules.derived) else word
    nested = (one for one in spellings if rules.nests and any(_parts(one, algorithm, rules)))
    return next(nested, "")

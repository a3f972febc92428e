"""Words that are forms or spellings of other words, which stemmers leave apart: "mice", "colour", "wrote"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lake.recipe.full_text import WORDS_REVISION

#: British spellings, and what stands in their place in America.
_BRITISH = (
    (re.compile(r"(arb|arm|behavi|cand|clam|col|endeav|fav|ferv|flav|harb|hon|hum|lab|neighb|parl|ranc|rig|rum|sav|"
                r"savi|splend|tum|val|vap|vig|glam|demean|od)our"), r"\1or"),
    (re.compile(r"(cent|theat|met|lit|fib|calib|sab|spect|meag|somb|lust)re(?=s?$)"), r"\1er"),
    (re.compile(r"(?<=.{3})is(?=(?:e[drs]?|ers|es|ing|ations?|able)$)"), "iz"),
    (re.compile(r"(?<=[ao]l)ys(?=(?:e[drs]?|ing|ers)$)"), "yz"),
    (re.compile(r"(an|leuk|arch|orthop|encyclop|medi|^p|^h|^f|^)ae(?=m|st|dia|d|val|ol|c)"), r"\1e"),
    (re.compile(r"(^|^f|rrh)oe(?=str|soph|dem|t|a)"), r"\1e"),
)  # fmt: skip
#: Words that end like British ones, and are spelled so in America, too.
_AMERICAN = re.compile(
    r"(advertis|comprom|compris|exercis|improvis|supervis|surpris|televis|promis|premis|enterpris|disguis|franchis|"
    r"otherwis|likewis|expertis|merchandis|precis|concis|anis|revis|advis|devis|praisi|raisi)"
)
_LEAST_BRITISH = 4
#: What most words lack that are no British ones.
_MAY_BE_BRITISH = re.compile("our|res?$|is[eia]|ys[ei]|ae|oe")

#: What stands in the place of a plural's ending in the singular, which Portuguese stemmers leave apart.
_PORTUGUESE = re.compile("(?:ões|ães|ãos)$")
#: "Gatan", the street: the stemmer knows no -an. Some words just end so.
_SWEDISH = re.compile("(?<!^seda)(?<!^meda)(?<!^roma)(?<!^orga)(?<!^inna)(?<=.{2}[^aeiouyåäö]a)ns?$")
#: The plurals of Hebrew nouns, which no stemmer knows.
_HEBREW = re.compile("([\u05d0-\u05ea]{3,})(?:ים|ות)")
#: The revision of spelling that knows these.
_SINCE = 3


@cache
def _english(name: str) -> dict[str, str]:
    """Forms of English words that do not begin as they do.

    In ``english_same`` are those that are no other words. In ``english`` are the others; without those that are more
    often other words ("saw"), and verbs that say little ("found", "made"), which moved passages up that are about
    something else.
    """
    lines = (Path(__file__).with_name("word_forms") / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {form: word for word, *forms in map(str.split, lines) for form in forms}


def same_word(word: str, algorithm: str, revision: int = WORDS_REVISION) -> str:
    """The word that a case-folded one is only a form or a spelling of; itself, if there is none.

    If it were a further form, a word such as mice would weigh half as much again as others.

    >>> [same_word(word, "english") for word in ("mice", "colourful", "organisations", "four", "promises", "pumps")]
    ['mouse', 'colorful', 'organizations', 'four', 'promises', 'pumps']
    >>> same_word("mice", "english", 2), same_word("mice", "german")
    ('mice', 'mice')
    """
    if revision < _SINCE or algorithm != "english" or not word.isascii():
        return word
    if word in _english("english_same"):
        return _english("english_same")[word]
    if len(word) > _LEAST_BRITISH and _MAY_BE_BRITISH.search(word) and not _AMERICAN.match(word):
        for pattern, spelling in _BRITISH:
            word = pattern.sub(spelling, word, count=1)
    return word


def variants(word: str, algorithm: str, revision: int = WORDS_REVISION) -> Iterator[str]:
    """Other words that a case-folded word stands for in the language of a Snowball algorithm.

    >>> [*variants("wrote", "english"), *variants("pumps", "english")]
    ['write']
    >>> list(variants("comissões", "portuguese")), list(variants("olyckan", "swedish"))
    (['comissão'], ['olycka'])
    >>> list(variants("ספרים", "")), list(variants("wrote", "english", 2))
    (['ספר'], [])
    """
    if revision < _SINCE:
        return
    if algorithm == "english" and word.isascii():
        if word in _english("english"):
            yield _english("english")[word]
    elif algorithm == "portuguese" and (found := _PORTUGUESE.search(word)):
        yield word[: found.start()] + "ão"
    elif algorithm == "swedish" and (found := _SWEDISH.search(word)):
        yield word[: found.start()]
    elif found := _HEBREW.fullmatch(word):
        yield found[1]

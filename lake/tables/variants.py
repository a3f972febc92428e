"""Other words that a word is a form or a spelling of, which stemmers leave apart: "mice", "colour", "knives"."""

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
def _english() -> dict[str, str]:
    """Forms of English words that do not begin as they do.

    Those that are more often other words ("saw") are left out, and verbs that say little ("found", "made"), which moved
    passages up that are about something else.
    """
    lines = (Path(__file__).with_name("word_forms") / "english.txt").read_text(encoding="utf-8").splitlines()
    return {form: word for word, *forms in map(str.split, lines) for form in forms}


def variants(word: str, algorithm: str, revision: int = WORDS_REVISION) -> Iterator[str]:
    """Other words that a case-folded word stands for in the language of a Snowball algorithm.

    >>> [*variants("mice", "english"), *variants("colourful", "english"), *variants("organisations", "english")]
    ['mouse', 'colorful', 'organizations']
    >>> [*variants("four", "english"), *variants("promises", "english"), *variants("pumps", "english")]
    []
    >>> list(variants("comissões", "portuguese")), list(variants("olyckan", "swedish"))
    (['comissão'], ['olycka'])
    >>> list(variants("ספרים", "")), list(variants("mice", "english", 2))
    (['ספר'], [])
    """
    if revision < _SINCE:
        return
    if algorithm == "english" and word.isascii():
        if word in _english():
            yield _english()[word]
        elif len(word) > _LEAST_BRITISH and _MAY_BE_BRITISH.search(word) and not _AMERICAN.match(word):
            american = word
            for pattern, spelling in _BRITISH:
                american = pattern.sub(spelling, american, count=1)
            if american != word:
                yield american
    elif algorithm == "portuguese" and (found := _PORTUGUESE.search(word)):
        yield word[: found.start()] + "ão"
    elif algorithm == "swedish" and (found := _SWEDISH.search(word)):
        yield word[: found.start()]
    elif found := _HEBREW.fullmatch(word):
        yield found[1]

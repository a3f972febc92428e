"""Finds conditions of a source that an answer lifts: "only with a permit" as "without a permit", "unless" as "if"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lake.answer.polarity import COMPARING, polarity
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import Statement

#: Content words after "only" among which a condition is looked for.
_REACH = 6
#: Least shares that a sentence must hold of an exception, and of what it is an exception from; of that less if it says
#: "also" or "even".
_OF_EXCEPTION, _OF_RULE, _OF_RULE_IF_ALSO = 0.6, 0.7, 0.3
#: Words beside which "menos" compares amounts: before it, and after it.
_COMPARED = frozenset(("al", "lo", "o", "más", "y")), frozenset(("de", "que"))


class Exempt(NamedTuple):
    """Stems of what a sentence excepts, and of the rule before it: "no refunds" of "no refunds, except for members"."""

    excepted: frozenset[str]
    rule: frozenset[str]


def lifted_conditions(aligned: Aligned) -> Iterator[Contradiction]:
    """ "Without X" where the source has "only with X", and X under a rule from which the source excepts it."""
    stated = aligned.stated
    if _lifts_only(aligned) or (_confines(aligned) and not _denies_alone(stated)):
        yield Contradiction("condition", stated.text, aligned.best.text)
    elif not exemptions(stated) and not _compares_anew(aligned) and not _denies_alone(stated):
        for each in aligned.window:
            if any(_holds(aligned, each, exempt) for exempt in exemptions(each)):
                yield Contradiction("condition", stated.text, each.text)


def _denies_alone(text: Statement) -> bool:
    """Whether it denies something of one thing only: "only the tray may not be washed"."""
    only = polarity(text.language).only
    return bool(text.denying) and any(word.key in only for word in text.words)


def exemptions(text: Statement) -> list[Exempt]:
    """What "unless", "except" or, in two words, "es sei denn" set apart."""
    table, found = polarity(text.language), []
    for i, (before, key) in enumerate(pairwise(["", *(word.key for word in text.words)])):
        is_one_word = key in table.excepting and not _is_amount(text, i)
        if is_one_word or f"{before}_{key}" in table.excepting:
            excepted = _after(text, i)
            rule = {word.stem for word in text.words[: i if is_one_word else i - 1] if word.is_content}
            found.append(Exempt(excepted, frozenset(rule) - excepted))
    return found


def is_exempt(aligned: Aligned, text: Statement) -> bool:
    """Whether the sentence is about what ``text`` excepts."""
    return any(_share(aligned, exempt.excepted) >= _OF_EXCEPTION for exempt in exemptions(text))


def _lifts_only(aligned: Aligned) -> bool:
    stated, table = aligned.stated, polarity(aligned.stated.language)
    lacking = [i for i, word in enumerate(stated.words) if word.key in table.lacking]
    if len(lacking) != 1 or len(stated.denials) != 1:
        return False
    missing = _after(stated, lacking[0])
    return any(
        word.key in table.only and missing & _after(each, i, _REACH)
        for each in aligned.window
        for i, word in enumerate(each.words)
    )


def _confines(aligned: Aligned) -> bool:
    """Whether "only" stands before what the source excepts from a rule that denies nothing."""
    stated, table = aligned.stated, polarity(aligned.stated.language)
    confined = [_after(stated, i, _REACH) for i, word in enumerate(stated.words) if word.key in table.only]
    return any(
        len(confined) == 1 and exempt.excepted & confined[0] and not exempt.excepted - confined[0] and not each.denials
        for each in aligned.window
        for exempt in exemptions(each)
    )


def _holds(aligned: Aligned, each: Statement, exempt: Exempt) -> bool:
    """Whether the sentence states the rule, denied or not as there, of what is exempt from it."""
    table, stated = polarity(aligned.stated.language), aligned.stated
    least = _OF_RULE_IF_ALSO if any(word.key in table.also for word in stated.words) else _OF_RULE
    n_denials = sum(bool(denied & exempt.rule) for denied in each.denials)
    return (
        _share(aligned, exempt.excepted) >= _OF_EXCEPTION
        and _share(aligned, exempt.rule) >= least
        and n_denials % 2 == len(stated.denials) % 2
    )


def _share(aligned: Aligned, stems: frozenset[str]) -> float:
    """The weighted share of the stems that the sentence has; 0 of none."""
    weights = aligned.source.weights
    return weights(stems & aligned.stated.stems) / weights(stems) if stems else 0.0


def _is_amount(text: Statement, i: int) -> bool:
    """Whether it is the "menos" of "al menos" or "menos de diez"."""
    before, after = text.words[max(0, i - 1) : i], text.words[i + 1 : i + 2]
    compares = any(one.key in words for some, words in zip((before, after), _COMPARED, strict=True) for one in some)
    return text.words[i].key == "menos" and (compares or any(one.key[0].isdecimal() for one in after))


def _compares_anew(aligned: Aligned) -> bool:
    """Whether it says "less than", and the source does not: "if there are less than 12" for "unless at least 12"."""
    known = {word.key for each in aligned.window for word in each.words}
    return any(word.key in COMPARING and word.key not in known for word in aligned.stated.words)


def _after(text: Statement, i: int, most: int | None = None) -> frozenset[str]:
    """The stems of the content words after a word in its clause, and in the next if a comma follows at once."""
    clauses = {text.words[i].clause, *(word.clause for word in text.words[i + 1 : i + 2])}
    words = [word.stem for word in text.words[i + 1 :] if word.clause in clauses and word.is_content]
    return frozenset(words[:most])

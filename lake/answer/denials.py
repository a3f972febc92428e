"""Finds what a sentence denies and its source does not, or the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.answer.polarity import COMPARING, PREFIXES, Forms, polarity
from lake.answer.restrictions import exemptions, is_exempt
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.polarity import Polarity
    from lake.answer.statement import Statement

#: Least shares of a sentence's words that its source must have, before a denial in the one or the other counts.
_SHARE_DENYING, _SHARE_DENIED = 0.75, 0.6

#: Words that begin a clause about when or why the other one holds.
_CONDITION = Forms(
    "if when whenever while unless because since as until wenn falls sobald solange weil da si cuando mientras porque"
)
#: Beside these there is no other.
_LAST = Forms("last only sole final single unique")


def denials(aligned: Aligned) -> Iterator[Contradiction]:
    stated, table = aligned.stated, polarity(aligned.stated.language)
    if not table.is_known:
        return
    if stated.denials:
        denied = frozenset[str]().union(*stated.denials)
        is_single = len(stated.denials) % 2 == 1
        may_deny = any(_may_deny(each, table, denied, stated.stems) for each in aligned.window)
        may_deny |= _is_no_other(stated) and any(word.key in _LAST for each in aligned.window for word in each.words)
        known = denied & frozenset[str]().union(*(each.stems for each in aligned.window))
        if is_single and aligned.share >= _SHARE_DENYING and not may_deny and (known or not denied):
            yield Contradiction("negation", stated.text, aligned.best.text)
    if aligned.share < _SHARE_DENIED or _implies(stated, table, frozenset()) or _compares(stated):
        return
    # A clause of a sentence that denies elsewhere is judged by its own words.
    denying = {stated.words[i].clause for i in stated.denying}
    affirmed, own = (
        frozenset(word.stem for word in stated.words if word.is_content and (word.clause in denying) == is_own)
        for is_own in (False, True)
    )
    for each in aligned.window if affirmed else ():
        for denied in () if is_exempt(aligned, each) else each.denials:
            held = frozenset() if denied & own else denied & affirmed
            is_most = aligned.source.weights(held) >= aligned.source.weights(denied) / 2
            if held and is_most and (each is aligned.best or len(held) > 1) and _is_about(aligned, each, denied):
                yield Contradiction("negation", stated.text, each.text)


def _is_no_other(stated: Statement) -> bool:
    """Whether what it denies is another one: "no other model" beside "the last model"."""
    after = {word.key for i in stated.denying for word in stated.words[i + 1 : i + 2]}
    return bool(after & {"other", "others", "else"})


def _is_about(aligned: Aligned, each: Statement, denied: frozenset[str]) -> bool:
    """Whether the sentence is not rather about a clause of ``each`` in which nothing is denied."""
    stated = aligned.stated.stems
    denying = {each.words[i].clause for i in each.denying}
    clauses: dict[int, frozenset[str]] = {}
    first = {word.clause: word.key for word in reversed(each.words)}
    conditions = {clause for clause, key in first.items() if key in _CONDITION}
    for word in each.words:
        if word.is_content and (word.clause in denying or word.clause not in conditions):
            clauses[word.clause] = clauses.get(word.clause, frozenset()) | {word.stem}

    def fit(stems: frozenset[str]) -> float:
        weights = aligned.source.weights
        return weights(stems & stated) ** 2 / weights(stems)

    if any(stems <= stated for clause, stems in clauses.items() if clause in denying):  # "to A, not to B"
        return True
    subject = next((word.stem for word in aligned.stated.words if word.is_content), "")
    with_subject = {clause in denying for clause, stems in clauses.items() if subject in stems}
    if with_subject == {False}:
        return False
    own = [fit(stems | denied) for clause, stems in clauses.items() if clause in denying]
    others = [fit(stems) for clause, stems in clauses.items() if clause not in denying]
    return max(own, default=0.0) >= max(others, default=0.0)


def _may_deny(text: Statement, table: Polarity, denied: frozenset[str], stems: frozenset[str]) -> bool:
    """Whether a sentence denies one of these words or what is mostly among ``stems``, or denies by its meaning."""
    held, reached = denied & text.stems, frozenset[str]().union(*text.denials)
    if exemptions(text) or _implies(text, table, denied):
        return True
    return bool(text.denials) and (not held or bool(held & reached) or 2 * len(reached & stems) >= len(reached))


def _implies(text: Statement, table: Polarity, denied: frozenset[str]) -> bool:
    """Whether a sentence denies by its meaning: "hardly", "instead", or "impossible" for "not possible"."""
    beginnings = {stem[:4] for stem in denied}
    for word in text.words:
        rests = [word.stem.removeprefix(prefix) for prefix in PREFIXES if word.stem.startswith(prefix)]
        if word.key in table.implying or any(rest[:4] in beginnings for rest in rests):
            return True
        if word.key.endswith("less") and word.key[:4] in beginnings:
            return True
    return False


def _compares(text: Statement) -> bool:
    """Whether it compares amounts, which a source may limit by a denial: "no fewer than ten"."""
    return any(word.key in COMPARING for word in text.words)

"""Citations, quotations and the support of sentences."""

from __future__ import annotations

import pytest

from lake.answer.citations import citations, verified
from lake.answer.declining import MARKER
from lake.answer.support import checked
from lake.answer.values import CitedSource

LAMP = "The lamp burns whale oil. It was lit in 1872 by Anna Berg, who kept 1,200 candles.\nThe keeper had a dog."


def source(number: int, text: str, start: int = 100) -> CitedSource:
    return CitedSource(
        number, f"{number}.md", "s", "", "Lamp", None, "paragraph", "d", start, start + len(text), text, 1.0
    )


SOURCES = [source(1, LAMP), source(2, "Der Leuchtturm hat 199 Stufen. 灯台は1872年に点灯されました。")]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Oil [1].", [(1,)]),
        ("Oil[1][2].", [(1,), (2,)]),
        ("Oil [1, 3; 2].", [(1, 3, 2)]),
        ("Oil [2-4] and \u30101\u3011.", [(2, 3, 4), (1,)]),
        ("Oil [4\u20135].", [(4, 5)]),
        ("Years [1872-1990].", [(1872, 1990)]),
        ("`a[1]` [2](http://x) [x] [] [1.5]\n```\nb[3]\n```", []),
    ],
)
def test_every_form_of_citation_is_read_and_nothing_else(text: str, numbers: list[tuple[int, ...]]) -> None:
    assert [citation.numbers for citation in citations(text)] == numbers


def test_numbers_without_a_source_are_taken_out_and_told() -> None:
    text, problems = verified("Oil [1][9]. Tar [2, 8] [0]\nEnd `a[7]`.", 2)
    assert text == "Oil [1]. Tar [2]\nEnd `a[7]`."
    assert [problem.message.split()[0] for problem in problems] == ["[9]", "[8]", "[0]"]
    assert {problem.kind for problem in problems} == {"no_such_source"}


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("The lamp burned whale oil [1].", True),
        ("It was lit in 1872 by Anna Berg [1].", True),
        ("It was lit in 1899 by Anna Berg [1].", False),
        ("Anna Berg kept 1200 candles [1].", True),
        ("Bananas grow in Spain [1].", False),
        ("The lamp burns whale oil [2].", False),  # true, but not what is cited says it
        ("Der Leuchtturm hat 199 Stufen [2].", True),
        ("Der Leuchtturm hat 200 Zimmer [2].", False),
        ("灯台は1872年に点灯されました[2]。", True),
        ("灯台は1999年に閉鎖された[2]。", False),
    ],
)
def test_a_sentence_is_held_against_what_it_cites(sentence: str, supported: bool) -> None:
    (found,) = checked(sentence, SOURCES).sentences
    assert found.supported is supported
    assert 0 <= found.support <= 1


def test_citations_go_with_the_sentence_they_follow() -> None:
    text = "## Lamp\n\nWhat is known:\n\n- The lamp burns whale oil. [1] The keeper had a dog.[1]\n- He had 199 Stufen."
    found = checked(text, SOURCES)
    claims = [(s.text, s.citations) for s in found.sentences if s.is_claim]
    assert claims == [
        ("- The lamp burns whale oil. [1]", (1,)),
        ("The keeper had a dog.[1]", (1,)),
        ("- He had 199 Stufen.", ()),
    ]
    assert all(text[s.start : s.end] == s.text for s in found.sentences)
    assert [problem.kind for problem in found.problems] == ["uncited"]


def test_a_sentence_without_citation_shares_those_of_the_next_in_its_paragraph() -> None:
    found = checked("The lamp burns whale oil. The keeper had a dog [1].\n\nWhale oil burns.", SOURCES)
    assert [s.citations for s in found.sentences] == [(1,), (1,), ()]


def test_what_claims_nothing_needs_no_support() -> None:
    found = checked(f"Yes.\n\n{MARKER}\n\n**In short:**\n\nWhat else does one know about bananas?", SOURCES)
    assert not any(sentence.is_claim for sentence in found.sentences)
    assert found.mean_support == 0


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ('They say "was lit in 1872 by Anna Berg" [1].', 1, None),
        ("They say \u201cWAS  lit in 1872 by anna berg\u201d [1].", 1, None),
        ('They say "kept 1,200 candles. The keeper had a dog." [1].', 1, None),
        ('They say "The lamp burns ... had a dog" [1].', 1, None),
        ('They say "was lit in 1872 by Anna Berg" [2].', 1, "quote_elsewhere"),
        ('They say "was lit in 1872 by Otto Berg" [1].', None, "quote_not_found"),
        ('They say "had a dog ... The lamp burns" [1].', None, "quote_not_found"),
    ],
)
def test_quotations_are_looked_up(text: str, number: int | None, problem: str | None) -> None:
    found = checked(text, SOURCES)
    (quote,) = found.quotes
    assert quote.number == number
    kinds = [found_problem.kind for found_problem in found.problems if found_problem.kind.startswith("quote")]
    assert kinds == ([problem] if problem else [])
    if quote.found:
        assert quote.start is not None
        assert quote.end is not None
        said = LAMP[quote.start - 100 : quote.end - 100]
        assert said.split()[0].casefold() == quote.text.split()[0].casefold()
        assert said.split()[-1].rstrip(".,").casefold() == quote.text.split()[-1].rstrip(".,").casefold()


def test_an_answer_without_sources_supports_nothing() -> None:
    assert [s.support for s in checked("The lamp burns oil.", []).sentences] == [0.0]

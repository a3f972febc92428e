"""What evidence a search shows, and what is made of it."""

from __future__ import annotations

from typing import Any

from lake.answer.confidence import confidence, sufficiency
from lake.answer.evidence import evidence

BEACON = "The lamp of the lighthouse burns whale oil. It was lit in 1872 by Anna Berg."
HUTS = ["Hut 4 has six beds and a stove.", "The keeper of the hut had a dog.", "Bring a lamp and some rope."]
QUESTION = "What oil does the lighthouse lamp burn?"


def rows(texts: list[str], cosines: list[float | None], scores: list[float | None]) -> list[dict[str, Any]]:
    def ranks(values: list[float | None]) -> list[int | None]:
        best = sorted((value for value in values if value is not None), reverse=True)
        return [None if value is None else best.index(value) + 1 for value in values]

    columns = (texts, ranks(cosines), cosines, ranks(scores), scores)
    names = ("text", "vector_rank", "vector_score", "text_rank", "text_score")
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


STRONG = rows([BEACON, *HUTS], [0.7, 0.3, 0.25, 0.2], [9.0, 2.0, 1.0, None])
WEAK = rows(HUTS, [0.3, 0.28, 0.25], [2.0, None, 1.9])


def test_a_passage_that_answers_counts_for_more_than_passages_that_do_not() -> None:
    for embedder in ("minilm", "another", None):
        assert sufficiency(evidence(QUESTION, STRONG), embedder) > 0.7
        assert sufficiency(evidence(QUESTION, WEAK), embedder) < 0.1


def test_either_leg_alone_will_do() -> None:
    for mode in ("vector", "text"):
        other = {"vector": "text", "text": "vector"}[mode]
        strong, weak = (
            [row | {f"{other}_rank": None, f"{other}_score": None} for row in found] for found in (STRONG, WEAK)
        )
        for embedder in ("minilm", "another"):
            weakest = sufficiency(evidence(QUESTION, weak), embedder)
            assert sufficiency(evidence(QUESTION, strong), embedder) > 5 * weakest > 0


def test_a_script_without_spaces_is_judged_whatever_its_tokenizer_found() -> None:
    texts = ["灯台のランプは鯨油を燃やします。1872年に点灯されました。", "山小屋には寝台が六つあります。"]
    lost, found = (rows(texts, [0.7, 0.6], scores) for scores in ([None, 1.0], [5.0, 1.0]))
    question = "灯台のランプは何を燃やしますか"
    assert sufficiency(evidence(question, lost), "minilm") == sufficiency(evidence(question, found), "minilm") > 0.5


def test_each_figure_is_what_it_says() -> None:
    found = evidence(QUESTION, STRONG)
    assert found.cosine == 0.7
    assert found.agreement == 1.0
    assert found.text_margin is not None
    assert abs(found.text_margin - (1 - 1.5 / 9)) < 1e-9
    assert 0 < found.best_coverage <= found.coverage <= 1
    apart = evidence(QUESTION, rows(HUTS, [0.3, 0.2, None], [None, 2.0, 3.0]))
    assert apart.agreement == 2 / (2 + 2)


def test_confidence_rises_with_evidence_and_with_support() -> None:
    grid = [[confidence(e, s) for s in (0.0, 0.5, 1.0)] for e in (0.0, 0.5, 1.0)]
    assert all(row == sorted(row) for row in grid)
    assert all(list(column) == sorted(column) for column in zip(*grid, strict=True))
    assert grid[0][0] < 0.01
    assert grid[2][2] > 0.99

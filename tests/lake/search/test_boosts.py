"""Boosts: the documented formula, from the release's time, and clear refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import UsageError
from lake.options import Boosts
from lake.search.boosts import factors, parse_sources

RELEASED = datetime(2026, 11, 20, tzinfo=UTC)


def test_a_half_life_halves_what_recency_adds() -> None:
    ages = [0, 30, 60, -5]
    dates = [*(RELEASED - timedelta(days=age) for age in ages), None]
    found = factors(Boosts(recency_half_life_days=30, recency_weight=0.4), dates, ["docs"] * 5, RELEASED)
    np.testing.assert_allclose(found, [1.4, 1.2, 1.1, 1.4, 1.0])


def test_a_source_has_its_factor_and_others_have_one() -> None:
    boosts = Boosts(recency_half_life_days=30, recency_weight=1, sources={"tickets": 0.5})
    np.testing.assert_allclose(
        factors(boosts, [RELEASED, None, RELEASED], ["tickets", "tickets", "docs"], RELEASED), [1, 0.5, 2]
    )


@given(st.lists(st.none() | st.integers(-9, 9999), max_size=8))
def test_without_a_setting_nothing_changes(ages: list[int | None]) -> None:
    dates = [None if age is None else RELEASED - timedelta(days=age) for age in ages]
    for boosts in (Boosts(), Boosts(recency_half_life_days=3, recency_weight=0), Boosts(sources={"docs": 1.0})):
        assert factors(boosts, dates, ["docs"] * len(dates), RELEASED).tolist() == [1.0] * len(dates)


@given(st.floats(0.01, 1e4), st.floats(0, 10), st.integers(0, 10**5), st.integers(1, 10**4))
def test_the_newer_never_has_less(half_life: float, weight: float, age: int, older: int) -> None:
    dates = [RELEASED - timedelta(days=age), RELEASED - timedelta(days=age + older)]
    newer, elder = factors(Boosts(half_life, weight), dates, ["a", "a"], RELEASED)
    assert 1 <= elder <= newer <= 1 + weight


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"recency_half_life_days": 0}, "recency_half_life_days=0 must be a number, above 0"),
        ({"recency_half_life_days": float("nan")}, "half_life_days=nan must be"),
        ({"recency_weight": -1}, "recency_weight=-1 must be a number, at least 0"),
        ({"sources": {"docs": -0.5, "tickets": 2}}, r"not: \{'docs': -0.5\}"),
        ({"sources": {"docs": float("inf")}}, "docs"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Boosts(**settings)


@pytest.mark.parametrize("word", ["docs", "docs=", "=2", "docs=many"])
def test_words_that_are_no_factors_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match="SOURCE=FACTOR"):
        parse_sources(["a=1", word])
    assert parse_sources(["a=b=2"]) == {"a=b": 2.0}

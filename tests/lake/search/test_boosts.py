"""Boosts: the documented formula, from the release's time, and clear refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.profiles import profile_text
from lake.errors import UsageError
from lake.options import Boosts
from lake.search.boosts import factors, parse_boosts

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


DOCUMENTS: list[dict[str, Any]] = [
    {"author": "Ada", "tags": ["pump", "oil"], "metadata": {"quality": "high", "year": 2024, "checked": True}},
    {"author": None, "tags": None, "metadata": {"quality": ["low", "HIGH"], "review": {"date": "2026-10-21T00:00Z"}}},
    {"author": "ada", "tags": [], "metadata": None},
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("author=Ada:2", [2, 1, 1]),
        ("tags=oil:0.5", [0.5, 1, 1]),
        ("metadata.quality=high:1.5", [1.5, 1, 1]),
        ("metadata.quality=low:3", [1, 3, 1]),
        ("metadata.year=2024.0:2", [2, 1, 1]),
        ("metadata.checked=true:2", [2, 1, 1]),
        ("metadata.review.date=2026-10-21T00:00Z:2", [1, 2, 1]),
        ("metadata.nothing=x:2", [1, 1, 1]),
    ],
)
def test_a_value_has_its_factor(word: str, expected: list[float]) -> None:
    boosts = Boosts(**parse_boosts([word]))
    assert factors(boosts, [None] * 3, ["docs"] * 3, RELEASED, DOCUMENTS).tolist() == expected


def test_factors_of_several_values_are_multiplied_and_recency_counts_from_a_stated_date() -> None:
    several = Boosts(**parse_boosts(["author=Ada:2", "tags=oil:3", "tags=pump:5", "docs=7"]))
    assert factors(several, [None] * 3, ["docs"] * 3, RELEASED, DOCUMENTS).tolist() == [210, 7, 7]
    recent = Boosts(recency_half_life_days=30, recency_weight=1, recency_field="metadata.review.date")
    assert factors(recent, [RELEASED] * 3, ["docs"] * 3, RELEASED, DOCUMENTS).tolist() == [1, 1.5, 1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"values": ["a"]}, "must be an object such as"),
        ({"values": {"title": {"a": 2}}}, "no column 'title'; choose author, language, media_type, tags or m"),
        ({"values": {"metadata.": {"a": 2}}}, "no column 'metadata.'"),
        ({"values": {"author": {"Ada": 1001}}}, "factor of author='Ada' must be a number from 0 to 1000, not 1001"),
        ({"values": {"author": {"Ada": float("nan")}}}, "not nan"),
        ({"values": {"author": {"Ada": "2"}}}, "not '2'"),
        ({"values": {"tags": {str(n): 2 for n in range(201)}}}, "names 201 values; the maximum is 200"),
        ({"recency_field": "indexed_at"}, "must be modified_at or metadata.KEY"),
    ],
)
def test_values_that_can_not_be_boosted_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Boosts(**settings)


def test_profiles_of_earlier_boosts_stay_as_they_were() -> None:
    assert profile_text({"boosts": Boosts(sources={"a": 2.0})}) == (
        '{"boosts": {"recency_half_life_days": null, "recency_weight": 0.2, "sources": {"a": 2.0}}, "mode": "hybrid"}'
    )


@pytest.mark.parametrize("word", ["docs", "docs=", "=2", "docs=many"])
def test_words_that_are_no_factors_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match="SOURCE=FACTOR"):
        parse_boosts(["a=1", word])
    assert parse_boosts(["a=b=2"]) == {"sources": {"a=b": 2.0}, "values": {}}

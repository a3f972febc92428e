"""Which release answers whom: shares that are kept, for the same people each time."""

from __future__ import annotations

from typing import Any

import pytest

from lake.errors import UsageError
from lake.service.traffic_split import Split, parse_split

KEYS = [f"session {n}" for n in range(20_000)]


def test_shares_are_kept() -> None:
    split = Split({"b": 0.1, "a": 0.3})
    found = [split.release_for(key) for key in KEYS]
    for release, share in {"a": 0.3, "b": 0.1, "live": 0.6}.items():
        assert found.count(release) / len(KEYS) == pytest.approx(share, abs=0.011)  # 3 deviations


def test_a_share_that_grows_keeps_its_people_and_another_trial_picks_others() -> None:
    small, large, other = (
        {key for key in KEYS if Split({name: share}).release_for(key) == name}
        for name, share in (("a", 0.1), ("a", 0.2), ("b", 0.1))
    )
    assert small < large
    assert len(small & other) / len(KEYS) == pytest.approx(0.01, abs=0.003)


def test_order_does_not_matter_and_all_may_be_one() -> None:
    assert [Split({"a": 0.5, "b": 0.5}).release_for(key) for key in KEYS[:500]] == [
        Split({"b": 0.5, "a": 0.5}).release_for(key) for key in KEYS[:500]
    ]
    assert {Split({"a": 1.0}).release_for(key) for key in KEYS} == {"a"}


@pytest.mark.parametrize("shares", [{}, {"a": 0}, {"a": 1.1}, {"a": 0.6, "b": 0.5}, {"live": 0.5},
                                    {"a": float("nan")}, {"a": True}, {"a": "1"}])  # fmt: skip
def test_other_shares_are_refused(shares: Any) -> None:
    with pytest.raises(UsageError):
        Split(shares)


def test_words_of_a_command_line() -> None:
    assert parse_split(["2026-11-21.2=0.1", "x=y=0.2"]) == Split({"2026-11-21.2": 0.1, "x=y": 0.2})
    for word in ("a", "=0.1", "a=b"):
        with pytest.raises(UsageError, match="RELEASE=SHARE"):
            parse_split([word])

"""Which release answers whom: shares that are kept, for the same people each time."""

from __future__ import annotations

from pathlib import Path
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


def test_a_profile_stands_beside_releases(tmp_path: Path) -> None:
    (tmp_path / "reranked.json").write_text('{"search": {"rerank_depth": 20}}')
    split = parse_split([f"{tmp_path}/reranked.json=0.3", "2026-11-21.2=0.2"])
    arms = [split.arm(key) for key in KEYS[:2000]]
    assert split.releases == ["2026-11-21.2"]
    assert {(arm.at, arm.variant) for arm in arms} == {
        ("live", "reranked"),
        ("live", "control"),
        ("2026-11-21.2", None),
    }
    assert {arm.profile.search.get("rerank_depth") for arm in arms if arm.variant == "reranked"} == {20}
    assert {split.release_for(key) for key in KEYS[:100]} == {"live", "reranked", "2026-11-21.2"}
    plain = Split({"2026-11-21.2": 0.2})
    assert {plain.arm(key).variant for key in KEYS[:100]} == {None}


WRONG = {
    "": "invalid",
    "[]": "object",
    "{}": "changes nothing",
    '{"searching": {}}': "searching",
    '{"search": {"k": 3}}': "'k'",
    '{"search": {"mode": "no"}}': "mode",
    '{"search": 3}': "object of options",
    '{"search": {"principals": "*"}}': "principals",
    '{"model": 3}': "chat model",
    '{"answers": {"k": 3}}': "'k'",
    '{"answers": {"max_tokens": 0}}': "max_tokens",
    "[" * 100_000: "invalid",
}


@pytest.mark.parametrize(("text", "wrong"), WRONG.items(), ids=WRONG.values())
def test_a_profile_that_is_wrong_is_refused_by_name(text: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(UsageError, match=wrong) as error:
        parse_split([f"{tmp_path}/p.json=0.3"])
    assert "p.json" in str(error.value)


def test_names_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    (tmp_path / "control.json").write_text('{"search": {"mode": "text"}}')
    for words in (
        [f"{tmp_path}/control.json=0.1"],
        [f"{tmp_path}/missing.json=0.1"],
        [f"{tmp_path}/a.json=0.1", "a=0.1"],
    ):
        with pytest.raises(UsageError):
            parse_split(words)

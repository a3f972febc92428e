"""Times of rows: where a cursor begins again, and how long a time may still come up."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from lake.sources.cursors import Reached
from lake.sources.protocol import CursorLost
from lake.sources.stamps import stamp_of

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "column", "over"),
    [
        (NOW - timedelta(seconds=1), "changed", False),
        (NOW - timedelta(seconds=12), "changed", True),
        (NOW - timedelta(microseconds=1), "changed", None),
        ((NOW - timedelta(seconds=12)).astimezone(timezone(timedelta(hours=-9))), "changed", True),
        ((NOW - timedelta(hours=11)).replace(tzinfo=None), "changed", False),
        ((NOW - timedelta(hours=13)).replace(tzinfo=None), "changed", True),
        ("2026-11-21 12:29:59+00:00", "changed", False),
        ("2026-11-21T12:29:40+00:00", "changed", True),
        ("2026-11-21 00:20:00", "changed", True),
        (date(2026, 11, 21), "changed", False),
        ("2026-11-20", "changed", True),
        (int(NOW.timestamp()), "changed_at", False),
        (int(NOW.timestamp()) - 12, "changed_at", True),
        (int(NOW.timestamp() * 1000) + 7, "changed_at", None),
    ],
)
def test_a_time_is_over_once_no_clock_gives_it_any_more(value: Any, column: str, over: bool | None) -> None:
    stamp = stamp_of(value, column)
    assert stamp is not None
    assert (stamp.is_over(NOW, timedelta(seconds=10)) if stamp.unit else None) is over


@pytest.mark.parametrize("value", [None, True, 7, "7", "2026-xx-21 12:00:00", b"2026-11-21", 12.5])
def test_other_values_are_no_times(value: Any) -> None:
    assert stamp_of(value, "revision") is None


@pytest.mark.parametrize(
    ("value", "overlap", "start"),
    [
        ("2026-11-21 12:30:05", 600.0, "2026-11-21 11:20:05"),
        ("2026-11-21T12:30:05.123Z", 600.0, "2026-11-21T11:20:05"),
        ("2026-11-21 12:30:05", 0.0, "2026-11-21 12:30:05"),
        ("v2026-11", 600.0, "v2026-11"),
        ("2026-11-21", 600.0, "2026-11-21"),
        (datetime(2026, 11, 21, 12, 30), 600.0, datetime(2026, 11, 21, 11, 20)),
        (NOW, 600.0, NOW - timedelta(seconds=600)),
        (1_700_000_000, 600.0, 1_699_999_400),
    ],
)
def test_a_cursor_begins_again_before_what_may_come_late(value: Any, overlap: float, start: Any) -> None:
    """Clocks without a zone may have been put back by an hour since."""
    before = Reached(None, overlap, "changed")
    before.see(value)
    assert Reached(before.position, overlap, "changed").start == start
    assert json.loads(before.position)[1]


@pytest.mark.parametrize("position", ["", "[]", '["age", "7"]', '["number", "x"]', '["number", "7", {}, 1]', "{}", "7"])
def test_a_cursor_of_another_version_is_lost(position: str) -> None:
    with pytest.raises(CursorLost, match="another version"):
        Reached(position, 0, "n")


def test_a_cursor_of_an_earlier_version_is_gone_on_from() -> None:
    assert Reached('["number", "7"]', 2, "n").start == 5

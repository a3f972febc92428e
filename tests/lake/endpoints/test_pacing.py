"""Pacing: how long a refusal wants its caller to wait, and a bucket that fills by the clock it is given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lake.endpoints.pacing import TokenBucket, stated_wait

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Fri, 01 May 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 01 May 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1 May 99999999999 12:00:30 GMT"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "9s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "a while"}, None),
    ],
)
def test_a_refusal_says_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    assert stated_wait(headers, NOON) == pytest.approx(seconds)


def test_a_bucket_lets_ten_seconds_worth_through_then_keeps_the_rate() -> None:
    bucket = TokenBucket(per_minute=60)
    assert [bucket.take(1, now=0.0) for _ in range(12)] == [0.0] * 10 + [1.0, 2.0]
    assert bucket.take(1, now=3.0) == 0.0
    assert bucket.take(1, now=3.0) == 1.0


def test_a_request_larger_than_the_bucket_passes_after_its_time() -> None:
    assert TokenBucket(per_minute=60).take(40, now=0.0) == 30.0


def test_no_limit_never_waits() -> None:
    assert TokenBucket(0).take(1e9) == 0.0


def test_a_bucket_without_a_burst_spaces_requests_evenly() -> None:
    bucket = TokenBucket(per_minute=120, burst=1)
    assert [bucket.take(1, now=0.0) for _ in range(3)] == [0.0, 0.5, 1.0]
    assert [bucket.take(1, now=60.0) for _ in range(2)] == [0.0, 0.5]

"""Retries: how long they wait, when they end, and what the last error says."""

from __future__ import annotations

import pytest

from lake.endpoints.refusals import RefusedRequest
from lake.endpoints.retry import Retries
from lake.errors import ContractError, TransientError


class Endpoint:
    """Refuses ``n_refusals`` requests, and keeps the waits of its caller."""

    def __init__(self, n_refusals: int, stated: float | None = None) -> None:
        self.left, self.stated, self.waits = n_refusals, stated, list[float]()

    def request(self) -> str:
        if self.left:
            self.left -= 1
            raise RefusedRequest("busy", self.stated)
        return "answer"


def test_waits_double_up_to_the_longest() -> None:
    for _ in range(20):
        endpoint = Endpoint(6)
        assert Retries(9, first=1.0, longest=10.0).run("it", endpoint.request, endpoint.waits.append) == "answer"
        for wait, step in zip(endpoint.waits, [1, 2, 4, 8, 10, 10], strict=True):
            assert step / 2 <= wait <= step


def test_a_stated_wait_is_never_cut_short() -> None:
    endpoint = Endpoint(5, 5.0)
    Retries().run("it", endpoint.request, endpoint.waits.append)
    assert all(5.0 <= wait <= 5.5 for wait in endpoint.waits)
    assert len(endpoint.waits) == 5


def test_attempts_end_and_the_error_says_how_many() -> None:
    endpoint = Endpoint(9)
    with pytest.raises(TransientError, match="it failed after 3 attempts: busy; try again later"):
        Retries(3).run("it", endpoint.request, endpoint.waits.append)
    assert len(endpoint.waits) == 2


def test_a_stated_wait_that_is_too_long_ends_the_attempts() -> None:
    endpoint = Endpoint(9, 301.0)
    with pytest.raises(TransientError, match="after 1 attempt: busy"):
        Retries().run("it", endpoint.request, endpoint.waits.append)
    assert not endpoint.waits


def test_other_errors_are_raised_at_once() -> None:
    def request() -> None:
        raise ContractError("no such thing")

    with pytest.raises(ContractError, match="no such thing"):
        Retries().run("it", request, lambda _: pytest.fail("it waited"))

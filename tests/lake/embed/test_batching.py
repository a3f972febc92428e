"""Batches: every text once, equal lengths within a batch, and never over the limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.embed.batching import BUCKET, bucket_batches, padded_length, request_batches

counts = st.lists(st.integers(0, 512), max_size=200)


@given(counts, st.integers(1, 5000))
def test_every_text_is_in_one_bucket_batch_that_fits(counts: list[int], budget: int) -> None:
    batches = bucket_batches(counts, budget, longest=512)
    assert sorted(i for batch in batches for i in batch.positions) == list(range(len(counts)))
    for batch in batches:
        assert {padded_length(counts[i], 512) for i in batch.positions} == {batch.length}
        assert len(batch.positions) == 1 or len(batch.positions) * batch.length <= budget


@given(counts)
def test_longest_batches_come_first(counts: list[int]) -> None:
    lengths = [batch.length for batch in bucket_batches(counts, 2048, longest=512)]
    assert lengths == sorted(lengths, reverse=True)


@given(counts, st.integers(0, 512))
def test_a_companion_does_not_change_a_text_s_length(counts: list[int], companion: int) -> None:
    def lengths(of: list[int]) -> dict[int, int]:
        return {i: batch.length for batch in bucket_batches(of, 2048, longest=512) for i in batch.positions}

    beside = lengths([*counts, companion])
    assert all(beside[i] == length for i, length in lengths(counts).items())


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_padding_reaches_the_text_or_the_model_s_limit(n_tokens: int, longest: int) -> None:
    length = padded_length(n_tokens, longest)
    assert min(n_tokens, longest) <= length <= longest
    assert length % BUCKET == 0 or length == longest
    assert length - n_tokens < BUCKET or n_tokens == 0


@given(counts, st.integers(1, 50), st.integers(1, 2000))
def test_requests_keep_order_and_limits(counts: list[int], max_inputs: int, max_tokens: int) -> None:
    batches = request_batches(counts, max_inputs, max_tokens)
    assert [i for batch in batches for i in batch] == list(range(len(counts)))
    for batch in batches:
        assert 1 <= len(batch) <= max_inputs
        assert len(batch) == 1 or sum(counts[i] for i in batch) <= max_tokens


@pytest.mark.parametrize("n_tokens", [0, 1, 15, 16])
def test_short_texts_share_the_first_bucket(n_tokens: int) -> None:
    assert padded_length(n_tokens, 256) == 16

"""Linear layers that compute a row alike beside any others, and the threads that torch gets back."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from lake.embed.steady_torch import one_thread, steady_linears


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("given", "made", "bias"), [(1536, 384, True), (768, 768, False)])
def test_a_row_has_the_same_bytes_among_any_others(dtype: str, given: int, made: int, bias: bool) -> None:
    import torch

    torch.manual_seed(0)
    layer, rows = torch.nn.Linear(given, made, bias=bias), torch.randn(700, given)
    plain = layer(rows)
    steady_linears(layer)
    layer, rows = layer.to(getattr(torch, dtype)), rows.to(getattr(torch, dtype))
    with torch.inference_mode(), one_thread():
        whole = layer(rows)
        for n in (1, 3, 16, 48, 100, 256, 257):
            assert torch.equal(layer(rows[:n]), whole[:n])
            assert torch.equal(layer(rows[-n:].view(1, n, given))[0], whole[-n:])
        assert layer(rows[:0]).shape == (0, made)
    torch.testing.assert_close(whole.float(), plain, atol=1e-5 if dtype == "float32" else 0.05, rtol=0)


def test_torch_gets_its_threads_back_from_whoever_leaves_last() -> None:
    import torch

    def run() -> None:
        with one_thread():
            entered.wait()
            left.wait()

    torch.set_num_threads(2)
    entered, left = Barrier(2), Barrier(2)
    other = Thread(target=run)
    with one_thread():
        assert torch.get_num_threads() == 1
        other.start()
        entered.wait()
    left.wait()
    other.join()
    # This thread left first, with the other one still within: its own number comes back the next time.
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2

"""Runs torch on a CPU so that neither a batch's size nor the number of threads changes the bytes of a row.

Libraries for matrix products split a sum by shape and threads, and the split decides the last bits. MKL divides a
row's sum in float32 if two threads have few rows to share; oneDNN's split of bfloat16 on AMX depends on the number of
rows. Attention, norms and activations work row by row, and give equal bytes in any batch.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from threading import Lock, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

#: Fewer rows of float32 use other kernels of MKL; from this number on one thread always sums in the same order.
_LEAST_ROWS = 16
#: Rows of every product in bfloat16: more are faster in large batches, but a single text is padded to this number.
_BLOCK = 256

_lock = Lock()
_n_within, _before = 0, 1
#: ``number``: torch's number of threads in this thread before it left without restoring it.
_kept = local()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits torch's products to one thread meanwhile; the last caller to leave restores the former number.

    torch keeps a number for each thread and sets MKL's for all of them, so each entry sets it again. No other code
    may set it while a caller is within.
    """
    global _n_within, _before
    import torch

    with _lock:
        if not _n_within:
            _before = max(torch.get_num_threads(), getattr(_kept, "number", 1))
        _n_within += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _n_within -= 1
            _kept.number = _before if _n_within else 1
            if not _n_within:
                torch.set_num_threads(_before)


def steady_linears(model: nn.Module) -> None:
    """Makes the model's linear layers compute a row independently of the others, within ``one_thread``."""
    from torch import nn

    for module in model.modules():
        # Subclasses of Linear with their own forward keep it.
        if isinstance(module, nn.Linear) and type(module).forward is nn.Linear.forward:
            module.forward = partial(_product, module)


def _product(layer: nn.Linear, given: Tensor) -> Tensor:
    import torch
    from torch.nn.functional import linear

    rows = given.reshape(-1, layer.in_features)
    if rows.dtype == torch.bfloat16:
        found = _in_blocks(layer, _filled(rows, -len(rows) % _BLOCK))
    else:
        found = linear(_filled(rows, max(_LEAST_ROWS - len(rows), 0)), layer.weight, layer.bias)
    return found[: len(rows)].view(*given.shape[:-1], layer.out_features)


def _filled(rows: Tensor, n_more: int) -> Tensor:
    from torch.nn.functional import pad

    return pad(rows, (0, 0, 0, n_more)) if n_more else rows


def _in_blocks(layer: nn.Linear, rows: Tensor) -> Tensor:
    import torch

    found, weight = rows.new_empty(len(rows), layer.out_features), layer.weight.t()
    for start in range(0, len(rows), _BLOCK):
        block, out = rows[start : start + _BLOCK], found[start : start + _BLOCK]
        if layer.bias is None:
            torch.mm(block, weight, out=out)
        else:
            torch.addmm(layer.bias, block, weight, out=out)
    return found

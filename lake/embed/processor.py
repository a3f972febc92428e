"""Properties of this machine's processor: usable cores, and whether bfloat16 is fast."""

from __future__ import annotations

import os
import time
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.patches.openvino_telemetry import openvino

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS_VARIABLE = "RAGLAKE_EMBED_THREADS"
_FLAGS = {"avx512_bf16", "amx_bf16"}
#: Minimum speed-up; below it the products are not computed in bfloat16, whatever the flags promise.
_LEAST_GAIN = 1.2


def n_threads() -> int:
    """Cores that this process may use, or fewer if the environment limits them; raises UsageError if invalid."""
    stated = os.environ.get(THREADS_VARIABLE, "").strip()
    if stated and not (stated.isascii() and stated.isdigit() and int(stated)):
        raise UsageError(f"{THREADS_VARIABLE}={stated!r} must be a whole number from 1 up; unset means all cores")
    if stated:
        return int(stated)
    # Not every platform has affinity.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_openvino() -> bool:
    return find_spec("openvino") is not None


@lru_cache(maxsize=1)
def has_bfloat16() -> bool:
    """Whether the processor claims to multiply bfloat16; without these instructions it is far slower."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _FLAGS.isdisjoint(flags.split())


@lru_cache(maxsize=1)
def gains_by_bfloat16() -> bool:
    """Whether it is faster indeed: times a typical product in both precisions, in a tenth of a second."""
    return has_openvino() and has_bfloat16() and _product_seconds("f32") > _LEAST_GAIN * _product_seconds("bf16")


def _product_seconds(precision: str) -> float:
    import numpy as np

    ov = openvino()
    op = ov.opset13
    rows = op.parameter([256, 384], np.float32, "rows")
    weights = np.random.default_rng(0).normal(size=(1536, 384)).astype(np.float32)
    product = op.matmul(rows, op.constant(weights), False, True)
    compiled = compile_graph(ov.Model([op.result(product)], [rows], "product"), precision, 1)
    request, given = compiled.create_infer_request(), [weights[:256]]
    return min(_seconds(lambda: request.infer(given)) for _ in range(8))


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compile_graph(graph: Any, precision: str, n_streams: int) -> Any:
    """An OpenVINO model for the CPU in ``f32`` or ``bf16``, with ``n_streams`` parallel requests of one thread each.

    Parallel streams are faster than threads that share a product, and keep each request's bytes the same.
    """
    wanted = {"NUM_STREAMS": n_streams, "INFERENCE_NUM_THREADS": n_streams, "INFERENCE_PRECISION_HINT": precision}
    # Pinned threads wait for their core while others are free.
    return openvino().Core().compile_model(graph, "CPU", {**wanted, "ENABLE_CPU_PINNING": False})

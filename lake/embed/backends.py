"""Backends that can compute a local model on this machine, and their precisions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from lake.embed.processor import gains_by_bfloat16, has_bfloat16, has_openvino
from lake.errors import UsageError
from lake.reporting import either

_PROGRAMS = ("openvino", "torch-cpu", "torch-cuda")
_EXACT, _SHORT = "float32", "bfloat16"


class Backend(NamedTuple):
    """A program and the number type of its products, written ``openvino/bfloat16``."""

    program: str
    dtype: str

    def __str__(self) -> str:
        return f"{self.program}/{self.dtype}"

    @classmethod
    def parse(cls, text: str) -> Backend:
        """Raises UsageError unless the text names a backend, available here or not."""
        known = {str(cls(program, dtype)): cls(program, dtype) for program in _PROGRAMS for dtype in (_SHORT, _EXACT)}
        if text not in known:
            raise UsageError(f"no backend {text!r}; choose {either(known)}")
        return known[text]


@dataclass(frozen=True, slots=True)
class Backends:
    """This machine's backends for a model, fastest first.

    ``is_plain``: OpenVINO can use our own graph of it. ``only_exact``: none in bfloat16.
    """

    is_plain: bool
    only_exact: bool = False

    @property
    def offered(self) -> list[Backend]:
        programs = [torch_backend()] if torch_backend() == "torch-cuda" else []
        programs += ["openvino"] if self.is_plain and has_openvino() else []
        return [
            Backend(program, dtype)
            for program in [*programs, "torch-cpu"]
            for dtype in (_SHORT, _EXACT)
            if dtype == _EXACT or (not self.only_exact and (program == "torch-cuda" or has_bfloat16()))
        ]

    def quickest(self) -> Backend:
        """bfloat16 on a CPU only if a short probe shows that it is faster."""
        first, second, *_ = [*self.offered, *self.offered]
        return first if first.dtype == _EXACT or first.program == "torch-cuda" or gains_by_bfloat16() else second


@lru_cache(maxsize=1)
def torch_backend() -> str:
    """``torch-cuda`` if torch sees a CUDA device, else ``torch-cpu``; does not import builds for CPU."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        if version("torch").endswith("+cpu"):
            return "torch-cpu"
    except PackageNotFoundError as error:
        raise UsageError("torch is not installed; install raglake with its sentence-transformers extra") from error
    import torch

    return "torch-cuda" if torch.cuda.is_available() else "torch-cpu"

"""Checks that a faster way to compute a model still computes that model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.recipe import EmbedderIdentity

#: Minimum cosine between a text's vector and its vector in plain float32.
LEAST_COSINE = 0.9995
#: Prose, code, another language, and more than a sentence.
PROBES = (
    "How long does the pump run after it was reset to its former settings by the engineer on duty?",
    "Readers pin one release, and keep it while another is published. " * 3,
    "def area(radius: float) -> float:\n    return 3.14159 * radius ** 2",
    "Der Vertrag endet am 31. Dezember, sofern er nicht drei Monate vorher gekündigt wird.",
)


def check_exactness(identity: EmbedderIdentity, found: Sequence[np.ndarray], exact: Sequence[np.ndarray]) -> None:
    """Raises ContractError unless the probes' unit vectors are nearly the exact ones."""
    least = min(float(np.dot(one, other)) for one, other in zip(found, exact, strict=True))
    if least < LEAST_COSINE:
        raise ContractError(
            f"{identity.backend} in {identity.dtype} gives {identity.name!r} vectors of a cosine of {least:.5f} to the "
            f"exact ones, less than {LEAST_COSINE}; nothing was embedded; use --backend torch-cpu/float32"
        )

"""Kinds of vector index with their parameters, as a recipe states them."""

from __future__ import annotations

from dataclasses import dataclass

from lake.errors import UsageError
from lake.reporting import either

#: Kinds of vector index with their parameters: of building it, and of searching it. ``auto``: none in a small table,
#: else ``ivf_sq``; ``flat``: none, so that each search compares all vectors.
INDEX_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "auto": ((), ()),
    "flat": ((), ()),
    "ivf_flat": (("partitions",), ("nprobes",)),
    "ivf_sq": (("partitions",), ("nprobes", "refine")),
    "ivf_pq": (("partitions", "sub_vectors", "bits"), ("nprobes", "refine")),
    "hnsw_sq": (("partitions", "m", "ef_construction"), ("nprobes", "ef", "refine")),
}
_MOST = {"partitions": 65_536, "nprobes": 65_536, "refine": 100, "ef": 10_000, "m": 128, "ef_construction": 2_000}


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the vectors of chunks are indexed and searched; a parameter that is not stated is Lance's, or raglake's."""

    kind: str = "auto"
    parameters: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, text: str) -> VectorIndex:
        """The index that ``KIND:NAME=NUMBER,...`` states. Raises UsageError if there is none of that kind.

        >>> str(VectorIndex.of("IVF_PQ: sub_vectors=48, partitions=64"))
        'ivf_pq:partitions=64,sub_vectors=48'
        """
        kind, _, rest = (part.strip().lower() for part in text.partition(":"))
        if kind not in INDEX_KINDS:
            raise UsageError(f"index={text!r} has no known kind; choose {either(list(INDEX_KINDS))}")
        stated = [pair.partition("=") for pair in rest.split(",") if pair.strip()]
        numbers = {name.strip(): _number(text, value.strip()) for name, _, value in stated}
        known = [name for part in INDEX_KINDS[kind] for name in part]
        for name, number in numbers.items():
            if name not in known:
                raise UsageError(f"index={text!r}: {kind} has no {name!r}; it has {either(known) if known else 'none'}")
            if not 1 <= number <= _MOST.get(name, number) or (name == "bits" and number not in (4, 8)):
                allowed = (
                    "4 or 8" if name == "bits" else f"from 1 to {_MOST[name]:,}" if name in _MOST else "at least 1"
                )
                raise UsageError(f"index={text!r}: {name} must be {allowed}")
        return cls(kind, tuple((name, numbers[name]) for name in known if name in numbers))

    def __str__(self) -> str:
        words = ",".join(f"{name}={number}" for name, number in self.parameters)
        return f"{self.kind}:{words}" if words else self.kind

    @property
    def of_building(self) -> dict[str, int]:
        return {name: number for name, number in self.parameters if name in INDEX_KINDS[self.kind][0]}

    @property
    def of_searching(self) -> dict[str, int]:
        return {name: number for name, number in self.parameters if name in INDEX_KINDS[self.kind][1]}

    @property
    def is_approximate(self) -> bool:
        """Whether it is an index of a stated kind, which a table of any size has."""
        return self.kind not in ("auto", "flat")

    def builds_like(self, other: VectorIndex) -> bool:
        """Whether a table indexed by the other one is indexed by this one as well."""
        return (self.kind, self.of_building) == (other.kind, other.of_building)

    def check(self, dimensions: int) -> None:
        """Raises UsageError if vectors of these dimensions can't be indexed so."""
        parts = self.of_building.get("sub_vectors", 1)
        if dimensions % parts:
            raise UsageError(f"index={str(self)!r}: sub_vectors must divide the {dimensions} dimensions of a vector")


def _number(text: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise UsageError(f"index={text!r}: {value!r} is no number; write it as KIND:NAME=NUMBER,NAME=NUMBER")
    return int(value)

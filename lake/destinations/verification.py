"""Whether a store holds what a release holds: counts, sampled rows and the nearest rows of sampled questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lake.destinations.destination import DifferenceStore
    from lake.destinations.release_rows import ReleaseRows

#: Rows found for each question, and how far inner products of float32 vectors may differ between two libraries.
FIRST, TOLERANCE = 10, 1e-4
#: The seed of the sampled questions: equal releases are verified by equal ones.
_SEED = 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared. ``problem`` states the first difference; empty if there is none."""

    n_rows: int
    n_vectors: int = 0
    n_questions: int = 0
    problem: str = ""


def verify(store: DifferenceStore, rows: ReleaseRows, n_questions: int) -> Verification:
    """Compare the count, ``n_questions`` sampled rows, and the first ten rows of as many sampled vectors.

    The lake searches exactly; the store finds at least the share that its ``recall`` states. Rows whose inner products
    differ by less than TOLERANCE may change places.
    """
    n_rows, held = rows.count(), store.count()
    if held != n_rows:
        return Verification(n_rows, problem=f"it holds {held:,} rows instead of {n_rows:,}")
    if not n_questions or not n_rows:
        return Verification(n_rows)
    sampled = _sample(rows, n_rows, n_questions)
    problem = _compare_rows(store, rows, sorted(sampled))
    questions = _questions(np.stack(list(sampled.values())))
    problem = problem or _compare_first(store, rows, questions)
    return Verification(n_rows, len(sampled), len(questions), problem)


def _sample(rows: ReleaseRows, n_rows: int, n: int) -> dict[str, np.ndarray]:
    places = set(np.random.default_rng(_SEED).choice(n_rows, min(n, n_rows), replace=False).tolist())
    found, start = {}, 0
    for ids, vectors in rows.vectors():
        for place in [place for place in places if start <= place < start + len(ids)]:
            found[ids[place - start]] = vectors[place - start]
        start += len(ids)
    return found


def _compare_rows(store: DifferenceStore, rows: ReleaseRows, ids: list[str]) -> str:
    wanted = {row[0]: row[1:] for stored in rows.rows(ids, len(ids)) for row in _each(stored)}
    held = store.fetch(ids)
    found = {row[0]: row[1:] for row in _each(held)}
    for chunk_id, (vector, payload) in wanted.items():
        if chunk_id not in found:
            return f"row {chunk_id} is missing"
        if found[chunk_id][1] != payload:
            return f"row {chunk_id} has other values"
        if np.abs(found[chunk_id][0] - vector).max() > TOLERANCE:
            return f"row {chunk_id} has another vector"
    return ""


def _each(stored: object) -> list[tuple[str, np.ndarray, dict[str, object]]]:
    return list(zip(stored.ids, stored.vectors, map(dict, stored.payloads), strict=True))  # type: ignore[attr-defined]


def _questions(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors near two sampled rows each, so that no row is a question's own."""
    mixed = vectors + 0.5 * np.roll(vectors, 1, axis=0)
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    return np.asarray(mixed / np.maximum(lengths, 1e-9), np.float32)


def _compare_first(store: DifferenceStore, rows: ReleaseRows, questions: np.ndarray) -> str:
    found = store.nearest(questions, FIRST)
    best, products = _best(rows, questions, {chunk_id for ids in found for chunk_id in ids})
    n_wanted = n_found = 0
    for wanted, held, ids in zip(best, products, found, strict=True):
        n_wanted += len(wanted)
        n_found += sum(held.get(chunk_id, -np.inf) >= wanted[-1] - TOLERANCE for chunk_id in set(ids))
    if n_found >= store.recall * n_wanted:
        return ""
    return f"of the first {FIRST} rows of {len(found)} questions it finds {n_found:,} of {n_wanted:,}"


def _best(
    rows: ReleaseRows, questions: np.ndarray, wanted: set[str]
) -> tuple[list[list[float]], list[dict[str, float]]]:
    """For each question the highest inner products in the release, and those of the wanted rows."""
    best: list[list[float]] = [[] for _ in questions]
    products: list[dict[str, float]] = [{} for _ in questions]
    for ids, vectors in rows.vectors():
        scores = questions @ vectors.T
        chosen = [place for place, chunk_id in enumerate(ids) if chunk_id in wanted]
        for number, of_rows in enumerate(scores):
            best[number] = sorted([*best[number], *np.sort(of_rows)[-FIRST:].tolist()], reverse=True)[:FIRST]
            products[number] |= {ids[place]: float(of_rows[place]) for place in chosen}
    return best, products

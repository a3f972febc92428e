"""Fit how far an answer can be trusted from what a search shows, on questions with and without an answer in the lake.

    python benchmarks/calibrate_confidence.py XQUAD_FOLDER [--languages en es de zh] [--docs FOLDER]
        [--embedder minilm] [--k 8]

Each collection is halved and each half indexed alone; every question is asked of both. Labelled 1: a text that holds
the answer is among the k passages. The other half holds texts from the same articles, so that a wrong passage is about
the right thing. The first language is fitted, with articles held out; the others and the documentation (--docs) are
never fitted on. The documentation comes with answers that a model wrote from the right sections: held against the
passages of each half they show what support says, and fit the second step, evidence and support together.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from calibration_sets import Sample, documentation, index_halves, samples, xquad

from expectations.resampling import interval
from lake.answer.confidence import EVIDENCE_FITS, confidence, level_of, log_odds, sufficiency
from lake.ids import value_digest

N_FOLDS = 6
#: Holds weights back where there are few samples: those of the second step are two, and its samples a few dozen.
RIDGE, RIDGE_OF_ANSWERS = 1.0, 0.1


def fit(x: np.ndarray, y: np.ndarray, strength: float = RIDGE) -> np.ndarray:
    """Weights of a logistic regression, the bias last; Newton's method with a small ridge on the weights."""
    x = np.column_stack([x, np.ones(len(x))])
    ridge = strength * np.diag([1.0] * (x.shape[1] - 1) + [0.0])
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + ridge, x.T @ (y - p) - ridge @ w)
        w += step
        if np.abs(step).max() < 1e-9:
            break
    return w


def predict(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(x @ w[:-1] + w[-1])))


def cross_validated(x: np.ndarray, y: np.ndarray, groups: Sequence[str], strength: float = RIDGE) -> np.ndarray:
    """Predictions for each fold of groups by a fit on the others."""
    fold = {group: i % N_FOLDS for i, group in enumerate(sorted(set(groups)))}
    folds = np.array([fold[group] for group in groups])
    p = np.zeros(len(y))
    for i in range(N_FOLDS):
        p[folds == i] = predict(fit(x[folds != i], y[folds != i], strength), x[folds == i])
    return p


def auc(p: np.ndarray, y: np.ndarray) -> float:
    order = np.argsort(p, kind="stable")
    ranks = np.empty(len(p))
    ranks[order] = np.arange(1, len(p) + 1)
    for value in np.unique(p):
        ranks[p == value] = ranks[p == value].mean()
    n = y.sum()
    return float((ranks[y == 1].sum() - n * (n + 1) / 2) / (n * (len(y) - n)))


def ece(p: np.ndarray, y: np.ndarray, n_bins: int = 10) -> float:
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    return float(sum(abs(p[bins == b].sum() - y[bins == b].sum()) for b in range(n_bins)) / len(p))


def figures(name: str, p: np.ndarray, y: np.ndarray) -> str:
    brier = float(np.mean((p - y) ** 2))
    return f"  {name:<32} n {len(y):>5}  AUC {auc(p, y):.3f}  Brier {brier:.3f}  ECE {ece(p, y):.3f}"


def columns(rows: Sequence[Sample], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    x = np.array([[getattr(row.evidence, name) or 0.0 for name in names] for row in rows])
    return x, np.array([row.label for row in rows], dtype=float), [row.group for row in rows]


def report_evidence(names: Sequence[str], sets: dict[str, list[Sample]]) -> None:
    """Fit on the first set; figures there by folds, and on the others as they come."""
    first, *others = sets
    x, y, groups = columns(sets[first], names)
    w = fit(x, y)
    print("\nevidence: " + ", ".join(f"{n}={v:.3f}" for n, v in zip([*names, "bias"], w, strict=True)))
    print(figures(f"{first}, articles held out", cross_validated(x, y, groups), y))
    for other in others:
        x, y, _ = columns(sets[other], names)
        print(figures(f"{other}, never fitted on", predict(w, x), y))


def report_refit(sets: dict[str, list[Sample]], embedder: str) -> None:
    """The weights in the product beside those that one half of all groups fits, on the other half.

    The halves take turns, and the groups of all sets together decide. Negative: the new weights are nearer.
    """
    names = list(EVIDENCE_FITS[0].weights)
    x, y, of_set, half, old = [], [], [], [], []
    for name, rows in sets.items():
        own, label, groups = columns(rows, names)
        x.append(own)
        y.append(label)
        of_set += [name] * len(rows)
        half += [int(value_digest(group)[:8], 16) % 2 for group in groups]
        old += [sufficiency(row.evidence, embedder) for row in rows]
    signals, labels, halves, before = np.concatenate(x), np.concatenate(y), np.array(half), np.array(old)
    after = np.zeros(len(labels))
    for one in (0, 1):
        after[halves == one] = predict(fit(signals[halves != one], labels[halves != one]), signals[halves == one])
    print("\nheld-out halves: weights in the product, then those fitted on the other half; Brier, new minus old")
    for name in sets:
        here = np.array(of_set) == name
        loss = [(p[here] - labels[here]) ** 2 for p in (before, after)]
        low, high = interval(loss[1] - loss[0])
        print(figures(f"{name}, product", before[here], labels[here]))
        print(figures(f"{name}, refitted", after[here], labels[here]))
        print(f"  {'':<32} {np.mean(loss[1] - loss[0]):+.4f} [{low:+.4f}, {high:+.4f}]")


def report_gate(sets: dict[str, list[Sample]], embedder: str) -> None:
    """What the thresholds below which no model is asked cost and save, with the weights in the product."""
    print("\nbelow the threshold: of those with an answer / of the others")
    for name, rows in sets.items():
        p = np.array([sufficiency(row.evidence, embedder) for row in rows])
        y = np.array([row.label for row in rows])
        told = (f"{at}: {np.mean(p[y] < at):.1%} / {np.mean(p[~y] < at):.0%}" for at in (0.02, 0.03, 0.05, 0.1))
        print(f"  {name:<6} " + "   ".join(told))


def report_support(rows: Sequence[Sample]) -> None:
    """Sentences of answers against passages that hold, and do not hold, what they were written from."""
    claims = [(claim.support, row.label) for row in rows for claim in row.sentences if claim.is_claim]
    p, y = (np.array(values, dtype=float) for values in zip(*claims, strict=True))
    print(f"\nsupport of single sentences: n {len(y)}, AUC {auc(p, y):.3f}; supported with / without their source")
    print("  " + "   ".join(f"{at}: {np.mean(p[y == 1] >= at):.0%} / {np.mean(p[y == 0] >= at):.0%}"
                            for at in (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)))  # fmt: skip


def report_answers(rows: Sequence[Sample], embedder: str) -> None:
    """The second step: does the answer rest on these passages, by their evidence and the mean support of its claims."""
    rows = [row for row in rows if any(claim.is_claim for claim in row.sentences)]
    odds = np.array([[log_odds(sufficiency(row.evidence, embedder))] for row in rows])
    support = np.array([[np.mean([c.support for c in row.sentences if c.is_claim])] for row in rows])
    y, groups = np.array([row.label for row in rows], dtype=float), [row.group for row in rows]
    both = np.column_stack([odds, support])
    print("\nanswers: evidence={:.3f}, support={:.3f}, bias={:.3f}".format(*fit(both, y, RIDGE_OF_ANSWERS)))
    for name, x in {"evidence alone": odds, "support alone": support, "both": both}.items():
        p = cross_validated(x, y, groups, RIDGE_OF_ANSWERS)
        print(figures(f"{name}, questions held out", p, y))


def report_levels(rows: Sequence[Sample], embedder: str) -> None:
    """How many answers of each level rest on their passages: by the product's weights, and by those of other folds."""
    rows = [row for row in rows if any(claim.is_claim for claim in row.sentences)]
    claims = [[claim for claim in row.sentences if claim.is_claim] for row in rows]
    told = [
        (sufficiency(row.evidence, embedder), float(np.mean([claim.support for claim in own])),
         any(claim.contradictions for claim in own))
        for row, own in zip(rows, claims, strict=True)
    ]  # fmt: skip
    y, groups = np.array([row.label for row in rows], dtype=float), [row.group for row in rows]
    x = np.array([[log_odds(found), support] for found, support, _ in told])
    against = np.array([is_contradicted for *_, is_contradicted in told])
    print(f"\ncontradicted: {against[y == 1].mean():.1%} with the right passages, {against[y == 0].mean():.1%} without")
    for name, p in {
        "product": np.array([confidence(one, two, is_contradicted=three) for one, two, three in told]),
        "questions held out": cross_validated(x, y, groups, RIDGE_OF_ANSWERS),
    }.items():
        levels = np.array([level_of(one) for one in p])
        shares = (f"{level} {y[levels == level].mean():.2f} of {sum(levels == level)}" for level in sorted(set(levels)))
        print(f"  {name:<32} right: {', '.join(shares)}")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--languages", nargs="+", default=["en", "es", "de", "zh"])
    words.add_argument("--docs", type=Path)
    words.add_argument("--embedder", default="minilm")
    words.add_argument("--k", type=int, default=8)
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    collections = {name: xquad(chosen.folder / f"xquad.{name}.json") for name in chosen.languages}
    if chosen.docs:
        collections["docs"] = documentation(chosen.docs)
    sets = {}
    with tempfile.TemporaryDirectory() as place:
        for name, collection in collections.items():
            urls = index_halves(collection, chosen.embedder, Path(place, name))
            sets[name] = list(samples(collection, urls, chosen.k))
            print(f"{name}: {np.mean([row.label for row in sets[name]]):.1%} with an answer", flush=True)
    for product in EVIDENCE_FITS:
        report_evidence(list(product.weights), sets)
    report_refit(sets, chosen.embedder)
    report_gate(sets, chosen.embedder)
    if chosen.docs:
        report_support(sets["docs"])
        report_answers(sets["docs"], chosen.embedder)
        report_levels(sets["docs"], chosen.embedder)


if __name__ == "__main__":
    main()

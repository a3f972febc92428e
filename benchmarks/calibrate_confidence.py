"""Fit how far an answer can be trusted from what a search shows, on questions with and without an answer in the lake.

    python benchmarks/calibrate_confidence.py XQUAD_FOLDER [--languages en es de zh] [--embedder minilm] [--k 8]
        [--model openai:MODEL --questions 300]

Each language's paragraphs are halved, and each half is indexed alone: a question is asked of both lakes, and only one
of them holds its paragraph, although both hold others of the same article. Labelled 1: the paragraph is among the k
passages. English is fitted, folds by article; the other languages are never fitted on. With --model the answers to
some of the questions are written by it and judged by whether they hold the gold answer: that fits the second step.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.answer.answering import Options, answer
from lake.answer.confidence import FEATURES, GENERAL, features
from lake.answer.evidence import evidence
from lake.answer.registry import load_chat
from lake.scan import Settings

N_FOLDS = 6
RIDGE = 1.0


@dataclass(frozen=True)
class Sample:
    """A question asked of one half: what the search showed, and whether its paragraph was found."""

    article: str
    question: str
    gold: str
    x: np.ndarray
    label: bool
    half: int


def paragraphs(file: Path) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Article, text and questions of each paragraph."""
    for article in json.loads(file.read_text())["data"]:
        for paragraph in article["paragraphs"]:
            yield article["title"], paragraph["context"], paragraph["qas"]


def index_halves(file: Path, embedder: str, folder: Path) -> list[str]:
    """Lakes that hold every other paragraph each."""
    urls = []
    for half in (0, 1):
        documents, url = folder / f"documents{half}", str(folder / f"lake{half}")
        documents.mkdir(parents=True)
        for number, (_, text, _) in enumerate(paragraphs(file)):
            if number % 2 == half:
                (documents / f"{number}.txt").write_text(text)
        with PlainSteps() as steps:
            reindex(Job(sources=(str(documents),), lake=url, settings=Settings(embedder=embedder)), steps)
        urls.append(url)
    return urls


def samples(file: Path, urls: Sequence[str], k: int) -> list[Sample]:
    found = []
    for half, url in enumerate(urls):
        index = lake.open_lake(url)
        for number, (article, _, questions) in enumerate(paragraphs(file)):
            for asked in questions:
                rows = index.search(asked["question"], k, expand="parent").to_pylist()
                x = features(evidence(asked["question"], rows), FEATURES)
                label = f"{number}.txt" in {row["uri"] for row in rows}
                gold = asked["answers"][0]["text"]
                found.append(Sample(article, asked["question"], gold, np.array(x), label, half))
    return found


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression, the bias last; Newton's method with a small ridge on the weights."""
    x = np.column_stack([x, np.ones(len(x))])
    ridge = RIDGE * np.diag([1.0] * (x.shape[1] - 1) + [0.0])
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


def cross_validated(x: np.ndarray, y: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Predictions for each fold of articles by a fit on the others."""
    fold = {group: i % N_FOLDS for i, group in enumerate(sorted(set(groups)))}
    folds = np.array([fold[group] for group in groups])
    p = np.zeros(len(y))
    for i in range(N_FOLDS):
        p[folds == i] = predict(fit(x[folds != i], y[folds != i]), x[folds == i])
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
    return f"{name:<34} n {len(y):>5}  AUC {auc(p, y):.3f}  Brier {brier:.3f}  ECE {ece(p, y):.3f}"


def report_gate(p: np.ndarray, y: np.ndarray) -> None:
    """What a threshold below which no model is asked would cost and save."""
    for lost in (0.01, 0.02, 0.05):
        at = float(np.quantile(p[y == 1], lost))
        print(f"  below {at:.3f}: {lost:.0%} of the answerable, {np.mean(p[y == 0] < at):.0%} of the others")


def report(name: str, columns: Sequence[str], by_language: dict[str, list[Sample]]) -> np.ndarray:
    """Fit on the first language; figures there by folds, and on the others as they come."""
    picked = [FEATURES.index(column) for column in columns]
    first, *others = by_language
    x, y, groups = _arrays(by_language[first], picked)
    p = cross_validated(x, y, groups)
    print(f"\n{name}")
    print(figures(f"  {first}, articles held out", p, y))
    report_gate(p, y)
    w = fit(x, y)
    for language in others:
        x, y, _ = _arrays(by_language[language], picked)
        print(figures(f"  {language}, never fitted on", predict(w, x), y))
    print("  " + ", ".join(f"{c}={v:.3f}" for c, v in zip([*columns, "bias"], w, strict=True)))
    return w


def _arrays(rows: Sequence[Sample], picked: Sequence[int]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    x = np.array([row.x for row in rows])[:, picked]
    return x, np.array([row.label for row in rows], dtype=float), [row.article for row in rows]


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def report_answers(rows: Sequence[Sample], urls: Sequence[str], model: str, n: int, k: int) -> None:
    """The second step: is the written answer right, by the evidence and the share of its supported sentences."""
    chat = load_chat(model)
    indices = [lake.open_lake(url) for url in urls]
    options = Options(k=k, min_evidence=0.0, budget_tokens=1500, max_tokens=100)
    x, y, groups = [], [], []
    for row in random.Random(7).sample(list(rows), n):
        index = indices[row.half]
        search = partial(index.search, expand="parent")
        told = answer(search, row.question, chat=chat, options=options, release=index.release())
        said = [sentence for sentence in told.sentences if sentence.is_claim]
        x.append([told.evidence, np.mean([s.support for s in said]) if said else 0.0])
        y.append(float(row.label and plain(row.gold) in plain(told.text)))
        groups.append(row.article)
    _report_second_step(np.array(x), np.array(y), groups)


def _report_second_step(x: np.ndarray, y: np.ndarray, groups: Sequence[str]) -> None:
    logits = np.log(x[:, :1] / (1 - x[:, :1]))
    both = np.column_stack([logits, x[:, 1]])
    print(f"\nanswers: {y.mean():.0%} of {len(y)} right")
    print(figures("  evidence alone", cross_validated(logits, y, groups), y))
    print(figures("  support alone", cross_validated(x[:, 1:], y, groups), y))
    print(figures("  both", cross_validated(both, y, groups), y))
    print("  evidence={:.3f}, support={:.3f}, bias={:.3f}".format(*fit(both, y)))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--languages", nargs="+", default=["en", "es", "de", "zh"])
    words.add_argument("--embedder", default="minilm")
    words.add_argument("--k", type=int, default=8)
    words.add_argument("--model")
    words.add_argument("--questions", type=int, default=300)
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_TORCH_THREADS", "1")
    with tempfile.TemporaryDirectory() as place:
        urls, by_language = {}, {}
        for language in chosen.languages:
            file = chosen.folder / f"xquad.{language}.json"
            urls[language] = index_halves(file, chosen.embedder, Path(place, language))
            by_language[language] = samples(file, urls[language], chosen.k)
            print(f"{language}: {np.mean([s.label for s in by_language[language]]):.1%} answerable", flush=True)
        report(f"{chosen.embedder}", FEATURES, by_language)
        report("any embedder", GENERAL, by_language)
        if chosen.model:
            first = chosen.languages[0]
            report_answers(by_language[first], urls[first], chosen.model, chosen.questions, chosen.k)


if __name__ == "__main__":
    main()

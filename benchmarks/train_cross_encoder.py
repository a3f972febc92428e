"""Trains a small cross-encoder on this machine, and measures what ``--rerank`` gains by it on other questions.

    python benchmarks/train_cross_encoder.py --data FOLDER --model FOLDER [--work FOLDER] [--queries 1200]

The model is minilm with one output, trained for minutes on CPU. Training data: questions of half the articles of
XQuAD (English), and sentences of SciFact's abstracts, each with the abstract that it was cut out of. Abstracts that
answer a test claim are left out, and no test claim is read. Negatives are what a hybrid search ranks high besides.
The test: SciFact's claims, and the questions of the other articles. The weight beside the hybrid score is chosen by
one half of the test questions, and the other half is reported.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from quality import built
from quality_measures import MEASURES, document_measures
from quality_sets import Collection, scifact, xquad

from expectations.resampling import interval, randomisation_p
from lake.embed.minilm import minilm_folder
from lake.ids import value_digest
from lake.index import Index
from lake.options import RecipeOptions
from lake.search.refine import blended

_N_NEGATIVES, _LONGEST, _STEP, _DEPTH = 3, 160, 8, 20
_WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passage that answers it, and others."""

    question: str
    passages: list[str]


def halves_of_articles(collection: Collection) -> tuple[Collection, Collection]:
    """XQuAD's paragraphs are in order of their articles, five each."""

    def half(which: int) -> Collection:
        kept = {q for q, grades in collection.relevance.items() if _article(next(iter(grades))) % 2 == which}
        return replace(
            collection,
            questions={q: text for q, text in collection.questions.items() if q in kept},
            relevance={q: grades for q, grades in collection.relevance.items() if q in kept},
        )

    return half(0), half(1)


def _article(name: str) -> int:
    return int(name.rpartition("-")[2].partition(".")[0]) // 5


def of_questions(collection: Collection, index: Index, chance: random.Random) -> Iterator[Example]:
    for question_id, question in collection.questions.items():
        found = _passages(index, question)
        right = [text for uri, text in found if uri in collection.relevance[question_id]]
        wrong = [text for uri, text in found if uri not in collection.relevance[question_id]]
        if right and len(wrong) >= _N_NEGATIVES:
            yield Example(question, [right[0], *chance.sample(wrong, _N_NEGATIVES)])


def of_sentences(collection: Collection, index: Index, chance: random.Random, n: int) -> Iterator[Example]:
    """Sentences in place of claims; the passage no longer holds its sentence."""
    answering = {name for grades in collection.relevance.values() for name in grades}
    names = sorted(set(collection.documents) - answering)
    chance.shuffle(names)
    for name in names[:n]:
        title, _, text = collection.documents[name].partition("\n\n")
        sentences = [one for one in _SENTENCE.split(text.strip()) if 8 <= len(one.split()) <= 40]
        if len(sentences) < 3:
            continue
        sentence = chance.choice(sentences)
        wrong = [passage for uri, passage in _passages(index, sentence) if uri != name]
        if len(wrong) >= _N_NEGATIVES:
            right = f"{title.removeprefix('# ')}\n{text.replace(sentence, ' ').strip()}"
            yield Example(sentence, [right, *chance.sample(wrong, _N_NEGATIVES)])


def _passages(index: Index, question: str) -> list[tuple[str, str]]:
    hits = index.search(question, _DEPTH, expand="none", mode="hybrid").to_pylist()
    return [(hit["uri"], f"{hit['heading']}\n{hit['text']}" if hit["heading"] else hit["text"]) for hit in hits]


def train(examples: Sequence[Example], folder: Path, seed: int) -> None:
    """Cross entropy of the right passage among its negatives; the lower layers stay as they are."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model: Any = AutoModelForSequenceClassification.from_pretrained(minilm_folder(), num_labels=1)
    for name, weights in model.named_parameters():
        weights.requires_grad = not re.search(r"embeddings|layer\.[01]\.", name)
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
    n_steps = len(examples) // _STEP
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min((n + 1) / 20, (n_steps - n) / n_steps))
    model.train()
    for step in range(n_steps):
        some = examples[step * _STEP : (step + 1) * _STEP]
        pairs = [(one.question, passage) for one in some for passage in one.passages]
        read = tokenizer(*map(list, zip(*pairs, strict=True)), truncation="only_second", max_length=_LONGEST,
                         padding=True, return_tensors="pt")  # fmt: skip
        scores = model(**read).logits.reshape(len(some), -1)
        loss = torch.nn.functional.cross_entropy(scores, torch.zeros(len(some), dtype=torch.long))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 20 == 0:
            print(f"step {step} of {n_steps}: loss {loss.item():.3f}", flush=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def measured(collection: Collection, index: Index, model: Path) -> None:
    """Print nDCG@10 without and with the model, on the half of the questions that chose no weight."""
    runs: dict[float, dict[str, float]] = {weight: {} for weight in (0.0, *_WEIGHTS)}
    for question_id, question in collection.questions.items():
        hits = index.search(question, 100, mode="hybrid", expand="none").to_pylist()
        how: Any = {"rerank": f"st:{model}", "rerank_depth": _DEPTH, "rerank_weight": 1.0}
        reread = index.search(question, 100, mode="hybrid", expand="none", **how).to_pylist()
        scores = {hit["chunk_id"]: hit["rerank_score"] for hit in reread}
        for weight, values in runs.items():
            values[question_id] = _score(collection, question_id, hits, scores, weight)
    halves = [[q for q in collection.questions if int(value_digest(q)[:8], 16) % 2 == half] for half in (0, 1)]
    for weight, values in runs.items():
        print(f"{collection.name}, weight {weight}: {np.mean([values[q] for q in halves[0]]):.4f}", flush=True)
    chosen = max(_WEIGHTS, key=lambda weight: np.mean([runs[weight][q] for q in halves[0]]))
    before, after = (np.array([runs[weight][q] for q in halves[1]]) for weight in (0.0, chosen))
    low, high = interval(after - before)
    print(f"{collection.name}: {before.mean():.4f} -> {after.mean():.4f} at weight {chosen}, "
          f"{(after - before).mean():+.4f} [{low:+.4f}, {high:+.4f}], by {len(halves[1])} questions that did not "
          f"choose it; p = {randomisation_p(after - before):.4f}", flush=True)  # fmt: skip


def _score(
    collection: Collection, question_id: str, hits: list[dict[str, Any]], scores: dict[str, float], weight: float
) -> float:
    """nDCG@10 if the first hits are sorted as ``rerank_weight`` sorts them."""
    top, rest = hits[: len(scores)], hits[len(scores) :]
    mixed = blended(np.array([hit["score"] for hit in top]), np.array([scores[hit["chunk_id"]] for hit in top]), weight)
    hits = [top[at] for at in np.argsort(-mixed, kind="stable")] + rest
    ranked = {question_id: list(dict.fromkeys(hit["uri"] for hit in hits))}
    return document_measures({question_id: collection.relevance[question_id]}, ranked)[str(MEASURES[0])]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--model", type=Path, required=True, help="where the model is written; an existing one is used")
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    words.add_argument("--queries", type=int, default=1200, help="sentences of SciFact's abstracts to train on")
    words.add_argument("--seed", type=int, default=0)
    chosen = words.parse_args()
    settings = RecipeOptions(embedder="minilm")
    claims, asked = scifact(chosen.data), xquad("en")(chosen.data)
    lakes = [built(one, settings, chosen.work) for one in (claims, asked)]
    learnt, held = halves_of_articles(asked)
    if not (chosen.model / "model.safetensors").exists():
        chance = random.Random(chosen.seed)
        examples = [*of_sentences(claims, lakes[0], chance, chosen.queries), *of_questions(learnt, lakes[1], chance)]
        chance.shuffle(examples)
        train(examples, chosen.model, chosen.seed)
    for collection, index in zip((claims, held), lakes, strict=True):
        measured(collection, index, chosen.model)


if __name__ == "__main__":
    main()

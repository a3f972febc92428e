"""Trains a small cross-encoder on this machine, and measures what ``--rerank`` gains by it on other questions.

    python benchmarks/train_cross_encoder.py --data FOLDER --model FOLDER [--claims claims_train.jsonl] [--work FOLDER]
                                             [--layers 6] [--epochs 1] [--sentences 1200]

The model is minilm, or its lowest layers, with one output, trained for minutes on CPU (in bfloat16). With ``--claims``
it learns from SciFact's training split, but from no claim that is a test claim or cites an abstract that answers one,
and from sentences. Without it, it learns from sentences of SciFact's abstracts, each with the abstract that it was cut
out of (none that answers a test claim), and from questions of half the articles of XQuAD (English). Negatives are what
a hybrid search ranks high besides. The test: SciFact's claims, and without ``--claims`` the questions of the other
articles. The weight beside the hybrid score is chosen for each half of the test questions by the other half.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
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

_N_NEGATIVES, _LONGEST, _STEP, _DEPTH = 3, 176, 8, 20
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


def of_questions(
    collection: Collection, index: Index, chance: random.Random, mode: str = "hybrid"
) -> Iterator[Example]:
    for question_id, question in collection.questions.items():
        found = _passages(index, question, mode)
        right = [text for uri, text in found if uri in collection.relevance[question_id]]
        wrong = [text for uri, text in found if uri not in collection.relevance[question_id]]
        if right and len(wrong) >= _N_NEGATIVES:
            yield Example(question, [right[0], *chance.sample(wrong, _N_NEGATIVES)])


def of_claims(
    collection: Collection, index: Index, chance: random.Random, file: Path, mode: str = "hybrid"
) -> Iterator[Example]:
    """Claims of SciFact's training split that share neither text nor cited abstract with the test."""
    answering = {name for grades in collection.relevance.values() for name in grades}
    tested = {text.strip().casefold() for text in collection.questions.values()}
    for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        cited = {f"{number}.md" for number in row["cited_doc_ids"]}
        if row["claim"].strip().casefold() in tested or cited & answering:
            continue
        found = _passages(index, row["claim"], mode)
        right, wrong = ([text for uri, text in found if (uri in cited) == is_right] for is_right in (True, False))
        if right and len(wrong) >= _N_NEGATIVES:
            yield Example(row["claim"], [right[0], *chance.sample(wrong, _N_NEGATIVES)])


def of_sentences(
    collection: Collection, index: Index, chance: random.Random, n: int, mode: str = "hybrid"
) -> Iterator[Example]:
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
        wrong = [passage for uri, passage in _passages(index, sentence, mode) if uri != name]
        if len(wrong) >= _N_NEGATIVES:
            right = f"{title.removeprefix('# ')}\n{text.replace(sentence, ' ').strip()}"
            yield Example(sentence, [right, *chance.sample(wrong, _N_NEGATIVES)])


def _passages(index: Index, question: str, mode: str) -> list[tuple[str, str]]:
    hits = index.search(question, _DEPTH, expand="none", mode=mode).to_pylist()
    return [(hit["uri"], f"{hit['heading']}\n{hit['text']}" if hit["heading"] else hit["text"]) for hit in hits]


def train(examples: Sequence[Example], folder: Path, n_layers: int, seed: int) -> None:
    """Cross entropy of the right passage among its negatives; the vectors of words stay as they are."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        minilm_folder(), num_labels=1, num_hidden_layers=n_layers
    )
    for name, weights in model.named_parameters():
        weights.requires_grad = "embeddings" not in name
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
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = model(**read).logits.float().reshape(len(some), -1)
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
    """Print nDCG@10 without and with the model, each half of the questions at the weight that the other half chose."""
    runs: dict[float, dict[str, float]] = {weight: {} for weight in (0.0, *_WEIGHTS)}
    cpu = dict.fromkeys(("without", "with"), 0.0)
    for question_id, question in collection.questions.items():
        start = process_time()
        hits = index.search(question, 100, mode="hybrid", expand="none").to_pylist()
        between = process_time()
        how: Any = {"rerank": f"st:{model}", "rerank_depth": _DEPTH, "rerank_weight": 1.0}
        reread = index.search(question, 100, mode="hybrid", expand="none", **how).to_pylist()
        cpu["without"], cpu["with"] = cpu["without"] + between - start, cpu["with"] + process_time() - between
        scores = {hit["chunk_id"]: hit["rerank_score"] for hit in reread}
        for weight, values in runs.items():
            values[question_id] = _score(collection, question_id, hits, scores, weight)
    halves = [[q for q in collection.questions if int(value_digest(q)[:8], 16) % 2 == half] for half in (0, 1)]
    differences: list[float] = []
    for chooses, judges in (halves, halves[::-1]):
        chosen = max(runs, key=lambda weight: np.mean([runs[weight][q] for q in chooses]))
        differences += [runs[chosen][q] - runs[0.0][q] for q in judges]
        print(f"{collection.name}: a half chooses weight {chosen}", flush=True)
    told = ", ".join(f"{weight}: {np.mean(list(values.values())):.4f}" for weight, values in runs.items())
    low, high = interval(np.array(differences))
    print(f"{collection.name}, all questions by weight: {told}")
    print(f"{np.mean(differences):+.4f} [{low:+.4f}, {high:+.4f}] by {len(differences)} questions, each at the weight "
          f"of the half without it; p = {randomisation_p(np.array(differences)):.4f}; CPU ms a search "
          + ", ".join(f"{name} {1e3 * spent / len(differences):.0f}" for name, spent in cpu.items()))  # fmt: skip


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
    words.add_argument("--claims", type=Path, help="claims_train.jsonl of SciFact, to train on in place of XQuAD")
    words.add_argument("--sentences", type=int, default=1200, help="how many of SciFact's abstracts to train on")
    words.add_argument("--layers", type=int, default=6)
    words.add_argument("--epochs", type=int, default=1)
    words.add_argument("--seed", type=int, default=0)
    chosen = words.parse_args()
    settings, claims = RecipeOptions(embedder="minilm"), scifact(chosen.data)
    index = built(claims, settings, chosen.work)
    tests = [(claims, index)]
    chance, examples = random.Random(chosen.seed), list[Example]()
    is_made = (chosen.model / "model.safetensors").exists()
    if chosen.claims and not is_made:
        # Other negatives each time; sentences besides, because there are few claims.
        for _ in range(chosen.epochs):
            examples += of_claims(claims, index, chance, chosen.claims)
        examples += of_sentences(claims, index, chance, chosen.sentences)
        chance.shuffle(examples)
    elif not chosen.claims:
        learnt, held = halves_of_articles(xquad("en")(chosen.data))
        of_paragraphs = built(learnt, settings, chosen.work)
        tests.append((held, of_paragraphs))
        if not is_made:
            once = [
                *of_sentences(claims, index, chance, chosen.sentences),
                *of_questions(learnt, of_paragraphs, chance),
            ]
            chance.shuffle(once)
            examples = once * chosen.epochs
    if not is_made:
        train(examples, chosen.model, chosen.layers, chosen.seed)
    for collection, lake in tests:
        measured(collection, lake, chosen.model)


if __name__ == "__main__":
    main()

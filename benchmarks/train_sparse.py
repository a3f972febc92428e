"""Trains a small sparse model on this machine, to be used as ``--embedder sparse:FOLDER``.

    python benchmarks/train_sparse.py --data FOLDER --claims claims_train.jsonl --model FOLDER [--work FOLDER]
                                      [--layers] [--wrong 1] [--steps 300]

No head over a vocabulary comes with minilm. It gets one whose decoder is the vectors of its word pieces, so that each
place of a text names words near the one that stands there (SPLADE). Questions run no transformer: each word piece has a
weight. Both are learned by telling the passage of a question from those of others and from what full text ranks high
besides, while FLOPS keep vectors sparse. minilm's states stay as they are and are computed once, unless ``--layers``
trains its layers, too.

Questions are claims of SciFact's training split (none that is a test claim, or cites an abstract that answers one),
sentences of abstracts that answer none, and those of XQuAD (English). Nothing of ``docs``, ``code`` and the tested
claims is seen. Two minutes of one core that computes in bfloat16, and several with ``--layers``. How well 80 claims
that are not learned from find their abstract among all passages is printed before and after.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from quality import built
from quality_sets import Collection, scifact, xquad
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Router
from sentence_transformers.sparse_encoder.modules import MLMTransformer, SparseStaticEmbedding, SpladePooling
from torch import Tensor
from train_cross_encoder import Example, of_claims, of_questions, of_sentences
from transformers import AutoModelForMaskedLM, AutoTokenizer

from lake.embed.minilm import minilm_folder
from lake.options import RecipeOptions

_LONGEST, _LONGEST_CHUNK, _BATCH = 128, 512, 16
#: Questions of a step, and word pieces drawn besides those that they have.
_QUESTIONS, _DRAWN = 16, 1200
#: What keeps the head's activation on its straight side.
_SHIFT = 8.0
#: Word pieces that a passage has a weight for before questions are learned.
_TERMS = 200
_FLOPS = 0.02
#: Claims that are put aside.
_JUDGED = 80


@dataclass(slots=True)
class States:
    """What minilm makes of passages, [passages, places, hidden] in float16, and their word pieces; 0 is none."""

    values: Tensor
    pieces: Tensor


class Learner:
    def __init__(self) -> None:
        folder = minilm_folder()
        self.model: Any = AutoModelForMaskedLM.from_pretrained(folder).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.head: Any = self.model.cls.predictions
        self.words: Tensor = self.model.bert.embeddings.word_embeddings.weight.detach()
        self.asked = torch.nn.Parameter(torch.zeros(len(self.words)))

    def read(self, texts: Sequence[str]) -> States:
        """Without gradients, in batches of like length, which the order of the passages doesn't show."""
        found = States(torch.zeros(len(texts), _LONGEST, self.words.shape[1], dtype=torch.float16),
                       torch.zeros(len(texts), _LONGEST, dtype=torch.long))  # fmt: skip
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            with torch.no_grad():
                states = self.states([texts[i] for i in some])
            length = states.values.shape[1]
            found.values[some, :length] = states.values.to(torch.float16)
            found.pieces[some, :length] = states.pieces
        return found

    def states(self, texts: Sequence[str]) -> States:
        """As long as the longest text, for gradients."""
        read = self.tokenizer(texts, truncation=True, max_length=_LONGEST, padding=True, return_tensors="pt")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return States(self.model.bert(**read).last_hidden_state, read["input_ids"] * read["attention_mask"])

    def logits(self, states: Tensor, columns: Tensor) -> Tensor:
        """How well each place fits some word pieces, [..., columns]."""
        transformed = self.head.transform(states.float())
        found: Tensor = transformed @ self.words[columns].T + self.head.bias[columns]
        return found

    def weights(self, states: States, columns: Tensor) -> Tensor:
        """The weight of some word pieces in each passage, [passages, columns]."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.logits(states.values, columns)
        strongest = logits.masked_fill(states.pieces[..., None] == 0, -1e4).amax(1)
        return torch.log1p(torch.relu(strongest.float()))

    def trained(self, with_layers: bool) -> list[dict[str, Any]]:
        """What an optimizer takes."""
        head = [*self.head.transform.parameters(), self.head.bias]
        groups: list[dict[str, Any]] = [{"params": head, "lr": 5e-4}, {"params": [self.asked], "lr": 5e-3}]
        layers = [*self.model.bert.encoder.parameters()] if with_layers else []
        return [*groups, {"params": layers, "lr": 5e-5}] if layers else groups

    def save(self, folder: Path) -> None:
        with tempfile.TemporaryDirectory() as plain:
            self.model.save_pretrained(plain)
            self.tokenizer.save_pretrained(plain)
            reads = [MLMTransformer(plain, max_seq_length=_LONGEST_CHUNK), SpladePooling("max")]
            asks = SparseStaticEmbedding(self.tokenizer, weight=torch.relu(self.asked.detach()))
            router = Router.for_query_document(query_modules=[asks], document_modules=reads)
            SparseEncoder(modules=[router]).save(str(folder))


def name_words(learner: Learner, states: States) -> None:
    """Set the head so that each place fits its own word piece best, by least squares."""
    is_word = states.pieces > 0
    hidden, named = states.values[is_word].float(), learner.words[states.pieces[is_word]]
    named = torch.nn.functional.normalize(named - learner.words.mean(0), dim=1)
    gram = hidden.T @ hidden + len(hidden) * 1e-3 * torch.eye(hidden.shape[1])
    found = torch.linalg.solve(gram, hidden.T @ named)
    transform = learner.head.transform
    with torch.no_grad():
        spread = float((hidden @ found).std())
        transform.dense.weight.copy_(found.T / spread)
        transform.dense.bias.fill_(_SHIFT)
        transform.LayerNorm.weight.fill_(1.0)
        transform.LayerNorm.bias.zero_()
        some = torch.arange(0, len(learner.words), 8)
        strongest = learner.logits(states.values[:32], some).amax(1)
        learner.head.bias -= strongest.topk(_TERMS // 8, dim=1).values[:, -1].mean()


def weigh_questions(learner: Learner, states: States) -> None:
    """Begin with how rare a word piece is."""
    counts = Counter(piece for row in states.pieces.tolist() for piece in {*row})
    rarest = math.log(1 + len(states.pieces))
    with torch.no_grad():
        for piece in range(len(learner.words)):
            learner.asked[piece] = rarest - math.log(1 + counts[piece])
        learner.asked[learner.tokenizer.all_special_ids] = 0.0
        learner.asked /= rarest


def learn(
    learner: Learner, examples: Sequence[Example], n_steps: int, chance: random.Random, with_layers: bool = False
) -> None:
    """Cross entropy of the right passage among all of a step."""
    texts = list(dict.fromkeys(passage for one in examples for passage in one.passages))
    numbers = {text: i for i, text in enumerate(texts)}
    states = learner.read(texts)
    name_words(learner, States(states.values[::4], states.pieces[::4]))
    weigh_questions(learner, states)
    optimizer = torch.optim.AdamW(learner.trained(with_layers))
    judge(learner, states, examples[:_JUDGED], numbers)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min((n + 1) / 20, (n_steps - n) / n_steps))
    for step, some in enumerate(_drawn(examples[_JUDGED:], n_steps, chance)):
        rows = torch.tensor([numbers[passage] for one in some for passage in one.passages])
        asked = [learner.tokenizer(one.question, truncation=True, max_length=64)["input_ids"] for one in some]
        own = sorted({piece for pieces in asked for piece in pieces})
        columns = torch.tensor([*own, *chance.sample(range(len(learner.words)), _DRAWN)])
        read = (
            learner.states([texts[row] for row in rows])
            if with_layers
            else States(states.values[rows], states.pieces[rows])
        )
        held = learner.weights(read, columns)
        present = torch.tensor([[float(piece in pieces) for piece in own] for pieces in map(set, asked)])
        scores = (present * torch.relu(learner.asked[own])) @ held[:, : len(own)].T
        right = torch.arange(len(some)) * (len(rows) // len(some))
        ranking = torch.nn.functional.cross_entropy(scores, right)
        drawn = held[:, len(own) :]
        flops = drawn.mean(0).square().sum() * len(learner.words) / _DRAWN
        (ranking + min(1.0, 2 * step / n_steps) * _FLOPS * flops).backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 20 == 0:
            n_terms = float((drawn > 0).float().mean()) * len(learner.words)
            print(f"step {step} of {n_steps}: loss {ranking.item():.3f}, terms {n_terms:.0f}", flush=True)
    judge(learner, learner.read(texts) if with_layers else states, examples[:_JUDGED], numbers)


def judge(learner: Learner, states: States, examples: Sequence[Example], numbers: dict[str, int]) -> None:
    """Print the mean reciprocal rank of the right passages, and how many terms a passage has."""
    asked = [learner.tokenizer(one.question)["input_ids"] for one in examples]
    own = sorted({piece for pieces in asked for piece in pieces})
    some = [States(states.values[i : i + 64], states.pieces[i : i + 64]) for i in range(0, len(numbers), 64)]
    with torch.no_grad():
        held = torch.cat([learner.weights(each, torch.tensor(own)) for each in some])
        present = torch.tensor([[float(piece in pieces) for piece in own] for pieces in map(set, asked)])
        scores = (present * torch.relu(learner.asked[own])) @ held.T
        n_terms = (learner.weights(some[0], torch.arange(len(learner.words))) > 0).sum(1).float().mean()
    right = scores[torch.arange(len(examples)), [numbers[one.passages[0]] for one in examples]]
    ranks = 1 + (scores > right[:, None]).sum(1)
    print(f"mean reciprocal rank {(1 / ranks).mean():.3f}, terms {n_terms:.0f}", flush=True)


def _drawn(examples: Sequence[Example], n_steps: int, chance: random.Random) -> Iterator[list[Example]]:
    for _ in range(n_steps):
        yield chance.sample(examples, _QUESTIONS)


def examples_of(chosen: argparse.Namespace, claims: Collection, chance: random.Random) -> list[Example]:
    settings = RecipeOptions(embedder="minilm")
    index, asked = built(claims, settings, chosen.work), xquad("en")(chosen.data)
    return [
        *of_claims(claims, index, chance, chosen.claims, "text"),
        *of_sentences(claims, index, chance, chosen.sentences, "text"),
        *of_questions(asked, built(asked, settings, chosen.work), chance, "text"),
    ]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--claims", type=Path, required=True, help="claims_train.jsonl of SciFact")
    words.add_argument("--model", type=Path, required=True, help="where the model is written")
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    words.add_argument("--sentences", type=int, default=300, help="how many of SciFact's abstracts to ask for")
    words.add_argument("--layers", action="store_true", help="train minilm's layers besides the head")
    words.add_argument("--wrong", type=int, help="wrong passages of each question in a step; unset means three")
    words.add_argument("--steps", type=int, default=300)
    words.add_argument("--seed", type=int, default=0)
    chosen = words.parse_args()
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(1)
    chance, learner = random.Random(chosen.seed), Learner()
    n_passages = None if chosen.wrong is None else 1 + chosen.wrong
    examples = [
        Example(one.question, one.passages[:n_passages]) for one in examples_of(chosen, scifact(chosen.data), chance)
    ]
    learn(learner, examples, chosen.steps, chance, chosen.layers)
    learner.save(chosen.model)


if __name__ == "__main__":
    main()

"""A real endpoint on this machine and a tiny real model, both made by the tests."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Lock, Thread
from time import sleep
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.lake.answer.conftest import QuietServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TINY_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "the", "cat", "sat", "on", "a", "mat", "dog"]


def vector_of(text: str, dimensions: int) -> np.ndarray:
    """A vector that is the text's alone, not of unit length."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=dimensions).astype("<f4")


class FakeEndpoint:
    """Answers ``/embeddings``; ``faults`` are used up in order, ``lasting`` applies to every request.

    A fault says what happens instead: a ``status`` with ``headers`` and an ``error``, or a ``trick``;
    a lasting one only ``when`` those words are among the texts.
    """

    def __init__(self) -> None:
        self.faults: deque[dict[str, Any]] = deque()
        self.lasting: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.dimensions = 8
        self.understands_base64 = True
        self.refuses_base64 = False
        self.most_inputs = 0
        self.most_inputs_status = 413
        self.body: bytes | None = None
        self.says_usage = True
        self.delay = 0.0
        self.n_open = self.most_open = 0
        self.lock = Lock()
        self.url = ""

    def vector_of(self, text: str, dimensions: int) -> np.ndarray:
        return vector_of(text, dimensions)

    def fault_for(self, texts: list[str]) -> dict[str, Any]:
        for fault in self.lasting:
            if any(fault.get("when", "") in text for text in texts):
                return fault
        return self.faults.popleft() if self.faults else {}

    def refusal(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the server as it is refuses of a request."""
        n_texts = len(request["input"])
        if self.most_inputs and n_texts > self.most_inputs:
            told = f"batch size {n_texts} > maximum allowed batch size {self.most_inputs}"
            return {"status": self.most_inputs_status, "error": {"message": told}}
        if self.refuses_base64 and request.get("encoding_format") == "base64":
            return {"status": 400, "error": {"message": "encoding_format base64 is not supported"}}
        return {}

    def answer(self, request: dict[str, Any], trick: str) -> bytes:
        if self.body is not None:
            return self.body
        dimensions = request.get("dimensions", self.dimensions)
        as_text = request.get("encoding_format") == "base64" and self.understands_base64
        items = []
        for index, text in enumerate(request["input"]):
            vector = vector_of(text, dimensions)
            if trick == "nan" and index == 0:
                vector[0] = np.nan
            for word, value in (("NAN", np.nan), ("ZERO", 0.0)):
                if word in text:
                    vector[:] = value
            embedding = base64.b64encode(vector.tobytes()).decode() if as_text else vector.tolist()
            items.append({"object": "embedding", "index": index, "embedding": None if "NULL" in text else embedding})
            if trick == "unnumbered":
                del items[-1]["index"]
        if trick == "short":
            items = items[:-1]
        if trick == "shuffled":
            items = items[::-1]
        if trick == "repeated":
            items[-1]["index"] = 0
        answer: dict[str, Any] = {"object": "list", "data": items, "model": request["model"]}
        if self.says_usage:
            answer["usage"] = {"prompt_tokens": 100, "total_tokens": 100}
        return json.dumps(answer).encode()


def handler_of(endpoint: FakeEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with endpoint.lock:
                endpoint.requests.append(request)
                endpoint.keys.append(self.headers.get("authorization", ""))
                fault = endpoint.fault_for(request["input"]) or endpoint.refusal(request)
                endpoint.n_open += 1
                endpoint.most_open = max(endpoint.most_open, endpoint.n_open)
            sleep(endpoint.delay)
            with endpoint.lock:
                endpoint.n_open -= 1
            self.reply(request, fault)

        def reply(self, request: dict[str, Any], fault: dict[str, Any]) -> None:
            status, trick = fault.get("status", 200), fault.get("trick", "")
            if trick == "drop":
                self.close_connection = True
                return
            body = json.dumps({"error": fault.get("error", {"message": "no, thank you"})}).encode()
            if status == 200:
                body = b"<html>" if trick == "html" else endpoint.answer(request, trick)
            self.send_response(status)
            for name, value in fault.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("content-type", "text/html" if trick == "html" else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


@contextmanager
def served(endpoint: FakeEndpoint) -> Iterator[FakeEndpoint]:
    server = QuietServer(("127.0.0.1", 0), handler_of(endpoint))
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def endpoint() -> Iterator[FakeEndpoint]:
    with served(FakeEndpoint()) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights, E5's prompts, first-token pooling and a dense layer."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(TINY_WORDS), max_position_embeddings=60, **shape)
    BertModel(config).save_pretrained(folder / "raw")
    tiny_tokenizer().save_pretrained(folder / "raw")
    modules = [Transformer(str(folder / "raw")), Pooling(32, pooling_mode="cls"), Dense(32, 24)]
    prompts = {"query": "query: ", "passage": "passage: "}
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder / "saved"))
    return folder / "saved"


def save_tiny_bert(folder: Path, **config: Any) -> int:
    """A BERT with random weights, none of them at its usual start of zero or one; returns its hidden size."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(len(config))
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    model = BertModel(BertConfig(vocab_size=len(TINY_WORDS), max_position_embeddings=60, **(shape | config)))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return int(model.config.hidden_size)


@pytest.fixture(scope="session")
def tiny_bert() -> Callable[..., int]:
    return save_tiny_bert


SPARSE_WORDS = [
    *TINY_WORDS,
    *("owl", "fox", "hen", "pig", "cow", "red", "blue", "green", "old", "young", "barn", "field", "river", "hill"),
    *("keeps", "finds"),
]


def save_tiny_sparse(folder: Path) -> tuple[Path, Path]:
    """A SPLADE of one layer with random weights, and one like it whose questions weigh their tokens alone."""
    import torch
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Router, Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(3)
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    model = BertForMaskedLM(BertConfig(vocab_size=len(SPARSE_WORDS), max_position_embeddings=512, **shape))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder / "raw")
    tiny_tokenizer(SPARSE_WORDS, 512).save_pretrained(folder / "raw")
    reads = [Transformer(str(folder / "raw"), transformer_task="fill-mask"), SpladePooling("max")]
    SparseEncoder(modules=reads, device="cpu").save(str(folder / "splade"))
    asks = SparseStaticEmbedding(tokenizer=reads[0].tokenizer, weight=torch.rand(len(SPARSE_WORDS)) + 0.5)
    router = Router.for_query_document(query_modules=[asks], document_modules=reads)
    SparseEncoder(modules=[router], device="cpu").save(str(folder / "inference-free"))
    return folder / "splade", folder / "inference-free"


@pytest.fixture(scope="session")
def tiny_sparse(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return save_tiny_sparse(tmp_path_factory.mktemp("tiny-sparse"))


def tiny_tokenizer(vocabulary: list[str] = TINY_WORDS, longest: int = 60) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=longest, **special)

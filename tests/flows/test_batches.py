"""Texts through a provider's Batch API: paid for once, whatever dies in between, and within a budget."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import lake
from flows.reindex import Outcome
from lake.directory import Lake
from lake.embed.batch_api import BatchApi
from lake.embed.openai_models import parse_model
from lake.endpoints.endpoint import Endpoint
from lake.errors import ContractError, PendingError, RefusedError, TransientError, UsageError
from lake.ingest.batch_jobs import open_batches
from lake.options import RecipeOptions

Ingest = Callable[..., Outcome]
SETTINGS = RecipeOptions(embedder="openai:text-embedding-3-small@8")


class Provider(ThreadingHTTPServer):
    """Keeps files and batches as OpenAI's API does; ``open_for_business`` batches are done as soon as they are made."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.is_open = True
        self.loses = 0  # requests of each batch that get an error
        self.bans = "\0"  # requests with this text get an error, in batches and alone
        self.refuses = 0  # answers with 503 before the next good one
        self.paid: list[str] = []
        self.deleted: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def make(self, asked: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": f"batch_{len(self.batches)}",
            "object": "batch",
            "endpoint": asked["endpoint"],
            "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"],
            "created_at": int(time.time()),
            "metadata": asked["metadata"],
            "status": "in_progress",
        }
        self.batches[made["id"]] = made
        if self.is_open:
            self.work(made)
        return made

    def work(self, batch: dict[str, Any]) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        answers = [self.answered(line) for line in lines[self.loses :]]
        self.files[f"out_{batch['id']}"] = "\n".join(json.dumps(answer) for answer in answers).encode()
        status = "expired" if self.loses else "completed"
        batch |= {"status": status, "output_file_id": f"out_{batch['id']}"}

    def answered(self, line: dict[str, Any]) -> dict[str, Any]:
        status, body = self.embedded(line["body"]["input"])
        return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": body}}

    def embedded(self, texts: list[str]) -> tuple[int, dict[str, Any]]:
        if any(self.bans in text for text in texts):
            return 400, {"error": {"message": "the content is not allowed", "type": "invalid_request_error"}}
        self.paid += texts
        data = [
            {"object": "embedding", "index": index, "embedding": base64.b64encode(vector_of(text)).decode()}
            for index, text in enumerate(texts)
        ]
        return 200, {"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}


class Desk(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/files":
            name = f"file_{len(self.server.files)}"
            self.server.files[name] = re.search(rb"\r\n\r\n(\{.*?)\r\n--", body, re.DOTALL)[1]  # type: ignore[index]
            self.say({"id": name, "object": "file", "purpose": "batch"})
        elif self.path == "/v1/embeddings":
            status, answer = self.server.embedded(json.loads(body)["input"])
            self.say_bytes(json.dumps(answer).encode(), status)
        else:
            self.say(self.server.make(json.loads(body)))

    def do_GET(self) -> None:
        if self.server.refuses:
            self.server.refuses -= 1
            self.send_error(503)
        elif self.path.endswith("/content"):
            self.say_bytes(self.server.files[self.path.split("/")[3]])
        elif self.path.startswith("/v1/batches/"):
            self.say(self.server.batches[self.path.split("/")[3]])
        else:
            self.say({"object": "list", "data": list(self.server.batches.values()), "has_more": False})

    def do_DELETE(self) -> None:
        self.server.deleted.append(self.path.split("/")[3])
        self.say({"id": self.server.deleted[-1], "object": "file", "deleted": True})

    def say(self, answer: dict[str, Any]) -> None:
        self.say_bytes(json.dumps(answer).encode())

    def say_bytes(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def vector_of(text: str) -> bytes:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=8).astype("<f4").tobytes()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    running = Provider()
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", running.url)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setattr("lake.ingest.batch_jobs._FIRST_LOOK", 0.01)
    monkeypatch.setattr("lake.endpoints.retry.Retries._wait", lambda *_: 0.0)
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def write(source: Path, n: int, word: str = "lamp") -> None:
    for number in range(n):
        (source / f"{number}.md").write_text(
            f"# {word} {number}\n\nThe {word} of berth {number} burns {number} hours.\n"
        )


def vectors_are_right(url: str) -> bool:
    rows = lake.open_lake(url).dataset("chunks").to_table(columns=["heading", "text", "vector"]).to_pylist()
    wanted = [np.frombuffer(vector_of(f"{row['heading']}\n\n{row['text']}"), "<f4") for row in rows]
    plain = [np.frombuffer(vector_of(row["text"]), "<f4") for row in rows]
    close = [
        max(np.dot(row["vector"], w / np.linalg.norm(w)), np.dot(row["vector"], p / np.linalg.norm(p))) > 0.9999
        for row, w, p in zip(rows, wanted, plain, strict=True)
    ]
    return bool(close) and all(close)


def test_a_batch_is_handed_over_waited_for_and_paid_once(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider
) -> None:
    write(source, 12)
    provider.refuses = 2
    outcome = ingest(settings=SETTINGS, batch_hours=1.0)
    assert (outcome.published, outcome.n_texts_embedded) == (True, 12)
    assert len(provider.paid) == len(set(provider.paid)) == 12
    assert vectors_are_right(lake_url)
    assert sorted(provider.deleted) == ["file_0", "out_batch_0"]
    assert not list(Lake(lake_url).store.walk("batches"))
    spent = lake.open_lake(lake_url).history().spent(outcome.release or "")
    assert spent is not None
    assert spent.cost_usd == pytest.approx(spent.n_tokens_embedded * 0.01 / 1e6, abs=1e-6)


def test_a_night_that_can_not_wait_leaves_it_to_the_next(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider
) -> None:
    write(source, 6)
    provider.is_open = False
    with pytest.raises(PendingError, match=r"6 texts are still with the provider's Batch API \(batch_0\)"):
        ingest(settings=SETTINGS, batch_hours=0.0)
    write(source, 9)  # three more by the next night, which does not use batches itself but takes the open one up
    provider.work(provider.batches["batch_0"])
    provider.is_open = True
    outcome = ingest(settings=SETTINGS, batch_hours=0.0)
    assert (outcome.published, outcome.n_documents, len(provider.batches)) == (True, 9, 2)
    assert sorted(provider.paid) == sorted(set(provider.paid))
    assert len(provider.paid) == 9
    assert vectors_are_right(lake_url)


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_run_that_dies_while_it_hands_over_pays_once(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    write(source, 5)
    real = BatchApi.submit

    def submit(api: BatchApi, key: str, texts: list[str]) -> str:
        if dies == "after":
            real(api, key, texts)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(BatchApi, "submit", submit)
        with pytest.raises(KeyboardInterrupt):
            ingest(settings=SETTINGS, batch_hours=1.0)
    assert len(provider.paid) == (5 if dies == "after" else 0)
    assert ingest(settings=SETTINGS, batch_hours=1.0).published
    assert (len(provider.paid), len(provider.batches)) == (5, 1)
    assert vectors_are_right(lake_url)


def test_texts_of_a_batch_have_their_prompt_and_another_prompt_does_not_take_its_vectors(provider: Provider) -> None:
    model, endpoint, since = parse_model("openai:local@8"), Endpoint(provider.url, "k"), datetime.now(UTC)
    apis = [BatchApi(model, endpoint, prompt=prompt) for prompt in ("passage: ", "text: ", "")]
    made = apis[0].submit("key", ["the lamp"])
    assert provider.paid == ["passage: the lamp"]
    assert [api.find("key", since) for api in apis] == [made, None, None]
    assert apis[2].find("key", since) is None
    assert apis[2].submit("key", ["the lamp"]) == apis[2].find("key", since) != made


def test_an_answer_that_can_not_be_read_is_asked_for_again(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider
) -> None:
    write(source, 4)
    provider.is_open = False
    with pytest.raises(PendingError):
        ingest(settings=SETTINGS, batch_hours=0.0)
    provider.work(provider.batches["batch_0"])
    provider.files["out_batch_0"] = provider.files["out_batch_0"].replace(b'"index": 3', b'"index": 2')
    with pytest.raises(TransientError, match=r"batch batch_0 .* misnumbered its 4 vectors: .*: 4 of 4"):
        ingest(settings=SETTINGS, batch_hours=0.0)
    provider.is_open = True
    assert ingest(settings=SETTINGS, batch_hours=0.0).n_texts_embedded == 4


def test_what_came_of_a_batch_that_expired_is_kept(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.embed.batch_api._LINE_INPUTS", 2)
    write(source, 6)
    provider.loses = 1
    with pytest.raises(TransientError, match="batch batch_0 expired: 2 of 6 texts came back without a vector"):
        ingest(settings=SETTINGS, batch_hours=1.0)
    provider.loses = 0
    assert ingest(settings=SETTINGS, batch_hours=1.0).n_texts_embedded == 2
    assert sorted(provider.paid) == sorted(set(provider.paid))


def test_a_text_that_a_batch_refuses_costs_its_document_and_not_the_run(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.embed.batch_api._LINE_INPUTS", 2)
    write(source, 6)
    provider.bans = "berth 3 "
    done = ingest(settings=SETTINGS, batch_hours=1.0)
    assert (done.published, done.n_documents, done.n_quarantined, done.n_texts_embedded) == (True, 5, 1, 5)
    (row,) = lake.open_lake(lake_url).dataset("quarantine").to_table().to_pylist()
    assert (row["uri"], row["error_class"]) == ("3.md", "refused_by_model")
    assert "the content is not allowed" in row["reason"]
    assert vectors_are_right(lake_url)
    assert sorted(provider.paid) == sorted(set(provider.paid)), "the other text of the refused request is paid once"


def test_no_request_is_made_that_would_exceed_the_budget(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider
) -> None:
    write(source, 5)
    with pytest.raises(RefusedError, match=r"costs \$0\.0000, more than the run's budget of \$0\.0000"):
        ingest(settings=SETTINGS, batch_hours=1.0, budget_usd=1e-9)
    assert (provider.paid, provider.batches) == ([], {})
    with pytest.raises(UsageError, match="the price of 'openai:local@8' is not known"):
        ingest(settings=RecipeOptions(embedder="openai:local@8"), batch_hours=1.0, budget_usd=1.0)
    assert ingest(settings=SETTINGS, batch_hours=1.0, budget_usd=1.0).published


def test_only_a_provider_has_batches_and_an_erasure_leaves_none_open(
    source: Path, lake_url: str, ingest: Ingest, provider: Provider
) -> None:
    from lake.maintenance.operate import forget

    write(source, 3)
    with pytest.raises(ContractError, match="'hash' has no Batch API"):
        ingest(settings=RecipeOptions(embedder="hash"), batch_hours=1.0)
    assert ingest(settings=SETTINGS, batch_hours=1.0, lake=f"{lake_url}-2").published
    provider.is_open = False
    (source / "new.md").write_text("# New\n\nA lighthouse.\n")
    with pytest.raises(PendingError):
        ingest(settings=SETTINGS, batch_hours=0.0, lake=f"{lake_url}-2")
    other = Lake(f"{lake_url}-2")
    embedder = lake.open_lake(other.url).release().recipe.embedder
    assert [len(batch.digests) for batch in open_batches(other, embedder)] == [1]
    forget(other.url, uri="1.md", why="case 17")
    assert not open_batches(other, embedder)

"""Local models: the same bytes in any batch, the model's own numbers, and clear refusals."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lake.embed import identify, load_embedder, tokenizer_of
from lake.embed.exactness import check_exactness
from lake.embed.local_models import local_model
from lake.embed.minilm import check_files, minilm_folder
from lake.embed.model_files import TRUSTED, find_folder, read_model_folder
from lake.embed.processor import has_bfloat16, n_threads
from lake.embed.prompts import StatedPrompts
from lake.embed.sentence_transformer import SentenceTransformerEmbedder
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lake.embed import Embedder

VOCABULARY = ["a", "lake", "keeps", "versions", "of", "every", "table", "while", "readers", "pin", "one", "release"]

TORCH = "torch-cpu/float32"
TINY_WORDS = ["the", "cat", "sat", "on", "a", "mat", "dog"]


def some_texts(n: int, seed: int = 0, most_words: int = 200, words: Sequence[str] = VOCABULARY) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(words, k=draw.randint(1, most_words))) for _ in range(n)]


def embed(embedder: Embedder, texts: list[str]) -> np.ndarray:
    vectors = np.full((len(texts), embedder.identity.dimensions), np.nan, dtype=np.float32)
    for positions, batch in embedder.embed(texts):
        assert batch.dtype == np.float32
        assert np.isnan(vectors[list(positions)]).all()
        vectors[list(positions)] = batch
    assert np.isfinite(vectors).all()
    return vectors


#: With the least cosine to plain sentence-transformers.
BACKENDS = {
    "torch-cpu/float32": 0.99999,
    "openvino/float32": 0.99999,
    "torch-cpu/bfloat16": 0.9995,
    "openvino/bfloat16": 0.9995,
}


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    if request.param.endswith("bfloat16") and not has_bfloat16():
        pytest.skip("the processor has no instructions for bfloat16")
    return str(request.param)


@pytest.fixture(scope="module")
def minilm(backend: str) -> Embedder:
    return load_embedder("minilm", identify("minilm", backend))


@pytest.fixture
def tiny(tiny_model: Path) -> Embedder:
    return load_embedder(f"st:{tiny_model}", identify(f"st:{tiny_model}", "torch-cpu/float32"))


def test_a_text_has_the_same_bytes_in_any_company(minilm: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = some_texts(24, most_words=60)
    whole = embed(minilm, texts)
    order = random.Random(1).sample(range(24), 24)
    assert embed(minilm, [texts[i] for i in order]).tobytes() == whole[order].tobytes()
    for part in (slice(0, 7), slice(7, 8), slice(8, 24)):
        assert embed(minilm, texts[part]).tobytes() == whole[part].tobytes()
    for position in range(0, 24, 8):
        assert minilm.embed_query(texts[position]).tobytes() == whole[position].tobytes()
    for threads in ("1", "2"):
        monkeypatch.setenv("RAGLAKE_EMBED_THREADS", threads)
        # torch asks before each batch, OpenVINO when it compiles the model.
        is_fixed = minilm.identity.backend == "openvino"
        another = local_model("minilm").load(minilm.identity) if is_fixed else minilm
        assert embed(another, texts).tobytes() == whole.tobytes()


def test_callers_in_several_threads_get_the_same_bytes(minilm: Embedder) -> None:
    texts = some_texts(12, seed=2, most_words=60)
    whole = embed(minilm, texts)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda shift: embed(minilm, texts[shift:] + texts[:shift]), range(8)))
    for shift, vectors in enumerate(found):
        assert vectors.tobytes() == np.roll(whole, -shift, axis=0).tobytes()


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    """What sentence-transformers makes of some texts with MiniLM."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)
    vectors: np.ndarray = model.encode(some_texts(24, seed=3))
    return vectors


def test_minilm_agrees_with_plain_sentence_transformers(minilm: Embedder, backend: str, plain: np.ndarray) -> None:
    found = embed(minilm, some_texts(24, seed=3))
    assert (found * plain).sum(axis=1).min() > BACKENDS[backend]
    np.testing.assert_allclose(np.linalg.norm(found.astype(np.float64), axis=1), 1, atol=1e-6)


def test_minilm_knows_what_belongs_together(minilm: Embedder) -> None:
    passages = ["Cats are small felines kept as pets.", "The central bank raised interest rates."]
    assert (embed(minilm, passages) @ minilm.embed_query("monetary policy")).argmax() == 1


def test_a_text_at_the_limit_fits_and_one_token_more_is_refused(minilm: Embedder) -> None:
    room = minilm.identity.max_tokens
    fits = " ".join(["lake"] * room)
    assert tokenizer_of("minilm").count(fits) == room == 254
    assert embed(minilm, [fits]).shape == (1, 384)
    with pytest.raises(ContractError, match="text 1 takes 257 tokens"):
        list(minilm.embed([fits, fits + " lake"]))
    assert minilm.embed_query(fits + " lake and more").tobytes() == embed(minilm, [fits])[0].tobytes()


def test_odd_texts_get_vectors_and_no_texts_get_none(minilm: Embedder) -> None:
    assert embed(minilm, ["", " ", "\udc80", "日本語"]).shape == (4, 384)
    assert list(minilm.embed([])) == []


def test_minilm_needs_no_network_and_says_nothing() -> None:
    program = (
        "import os, socket\n"
        "def refuse(*a, **k): raise AssertionError('the network was asked, or may be from a fork')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "os.register_at_fork(before=refuse)\n"
        "from lake.embed import load_embedder\n"
        "assert load_embedder('minilm').embed_query('hello').shape == (384,)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_files_that_are_not_minilm_s_are_refused(tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(minilm_folder() / name, tmp_path / name)
    check_files(tmp_path)
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(1000)
        file.write(b"x")
    with pytest.raises(ContractError, match="not the published all-MiniLM-L6-v2"):
        check_files(tmp_path)


def test_a_folder_states_its_facts_without_loading(tiny_model: Path) -> None:
    identity = identify(f"st:{tiny_model}", "torch-cpu/float32")
    assert (identity.dimensions, identity.dtype, identity.backend) == (24, "float32", "torch-cpu")
    assert (identity.document_prompt, identity.query_prompt) == ("passage: ", "query: ")
    # 60 positions less two special tokens less "passage" and ":".
    assert identity.max_tokens == 56
    assert tokenizer_of(f"st:{tiny_model}").name == identity.tokenizer


def test_prompts_pooling_and_dense_layer_are_the_model_s_own(tiny: Embedder, tiny_model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = some_texts(20, most_words=56, words=TINY_WORDS)
    plain = SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True)
    passages = plain.encode(texts, prompt="passage: ", normalize_embeddings=True)
    np.testing.assert_allclose(embed(tiny, texts), passages, atol=1e-5)
    query = plain.encode("the cat", prompt="query: ", normalize_embeddings=True)
    np.testing.assert_allclose(tiny.embed_query("the cat"), query, atol=1e-5)
    assert not np.allclose(tiny.embed_query("the cat"), embed(tiny, ["the cat"])[0], atol=1e-3)


def test_a_limit_that_is_no_multiple_of_sixteen_is_kept(tiny: Embedder) -> None:
    fits = " ".join(["cat"] * 56)
    assert embed(tiny, [fits, "dog"]).shape == (2, 24)
    with pytest.raises(ContractError, match="takes 61 tokens"):
        list(tiny.embed([fits + " cat"]))
    assert tiny.embed_query(fits + " cat cat").shape == (24,)


def test_changed_weights_change_the_identity(tiny_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    before = identify(f"st:{copy}")
    assert before.weights == identify(f"st:{tiny_model}").weights
    assert before.tokenizer == identify(f"st:{tiny_model}").tokenizer
    (copy / "README.md").write_text("other words")
    assert identify(f"st:{copy}") == before
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\0")
    os.utime(copy / "model.safetensors", ns=(1, 1))
    assert identify(f"st:{copy}").weights != before.weights
    with pytest.raises(ContractError, match="weights"):
        load_embedder(f"st:{copy}", expected=before)


def test_files_that_disagree_with_the_loaded_model_are_refused(tiny_model: Path) -> None:
    folder = read_model_folder(str(tiny_model))
    with pytest.raises(ContractError, match="its files say"):
        SentenceTransformerEmbedder(identify(f"st:{tiny_model}"), folder.path, folder.max_sequence + 1)


@pytest.mark.parametrize("name", ["st:", "st:./nowhere", "st:/no/such/folder", "st:a/b/c", "st:what is this?"])
def test_a_model_that_is_nowhere_is_a_wrong_name(name: str) -> None:
    with pytest.raises(UsageError):
        identify(name)


def test_a_folder_that_is_no_model_is_a_wrong_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a sentence-transformers model"):
        identify(f"st:{tmp_path}")


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(404, "UsageError", "does not offer 'nobody/nothing'"), (503, "TransientError", "could not be reached")],
)
def test_a_hub_s_refusal_is_told_apart_from_its_silence(tmp_path: Path, status: int, kind: str, words: str) -> None:
    program = f"""
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
class Hub(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status})
        self.send_header("x-error-code", "RepoNotFound" if {status} == 404 else "Down")
        self.send_header("content-length", "0")
        self.end_headers()
    do_HEAD = do_GET
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Hub)
Thread(target=server.serve_forever, daemon=True).start()
os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{{server.server_port}}"
from lake.embed import identify
from lake.errors import LakeError
try: identify("st:nobody/nothing")
except LakeError as error: print(type(error).__name__, error)
"""
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.startswith(kind), run.stdout + run.stderr
    assert words in run.stdout


def test_an_unreachable_hub_may_be_tried_again(tmp_path: Path) -> None:
    program = (
        "from lake.embed import identify\n"
        "from lake.errors import TransientError\n"
        "try: identify('st:nobody/nothing')\n"
        "except TransientError as error: print(error)\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "could not be reached for 'nobody/nothing'" in run.stdout, run.stderr


def test_threads_must_be_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_EMBED_THREADS", "all")
    with pytest.raises(UsageError, match="RAGLAKE_EMBED_THREADS='all'"):
        n_threads()


def test_a_lake_keeps_what_computed_its_vectors() -> None:
    made = identify("minilm", "torch-cpu/float32")
    assert identify("minilm", like=made) == made
    assert load_embedder("minilm", made).identity == made
    gone = replace(made, backend="torch-cuda")
    assert identify("minilm", like=gone) == identify("minilm")
    with pytest.raises(ContractError, match="backend 'torch-cuda' -> "):
        load_embedder("minilm", gone)
    with pytest.raises(UsageError, match=r"no backend 'onnx/float32'; choose openvino/bfloat16"):
        identify("minilm", "onnx/float32")
    with pytest.raises(UsageError, match="not for 'hash'"):
        identify("hash", "openvino/float32")


def test_a_precision_that_makes_another_model_is_refused() -> None:
    exact = [np.eye(4, dtype=np.float32)[0]]
    check_exactness(identify("minilm"), exact, exact)
    with pytest.raises(ContractError, match=r"cosine of 0.00000 .* use --backend torch-cpu/float32"):
        check_exactness(identify("minilm"), [np.eye(4, dtype=np.float32)[1]], exact)


def test_a_pickled_model_is_loaded_only_if_it_is_trusted(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from safetensors.torch import load_file

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_model, folder)
    weights = next(folder.rglob("model.safetensors"))
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    assert find_folder(str(folder)) == folder  # the safe file is the one that is read
    weights.unlink()
    with pytest.raises(UsageError, match="pickled and could run any code"):
        find_folder(str(folder))
    monkeypatch.setenv(TRUSTED, f"other,{folder}")
    assert find_folder(str(folder)) == folder


def test_a_model_with_code_of_its_own_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "coded"
    shutil.copytree(tiny_model, folder)
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "modeling_own.Own"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "modeling_own.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    with pytest.raises(UsageError):
        list(load_embedder(f"st:{folder}").embed(["x"]))
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize(("document", "query"), [("the cat ", "a mat "), ("", ""), ("passage: ", "")])
def test_vectors_are_sentence_transformers_with_these_prompts(tiny_model: Path, document: str, query: str) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True, prompts={})
    identity = identify(f"st:{tiny_model}", TORCH, prompts=StatedPrompts(document, query))
    embedder = load_embedder(f"st:{tiny_model}", identity)
    assert embedder.identity == identity
    for prompt, found in ((document, embed(embedder, ["sat on dog"])[0]), (query, embedder.embed_query("sat on dog"))):
        expected = plain.encode(f"{prompt}sat on dog", normalize_embeddings=True)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    longest = "dog " * identity.max_tokens
    assert np.isfinite(embed(embedder, [longest])).all(), "max_tokens is room for the text alone"


def test_no_prompt_at_all_overrides_a_model_s_default_one(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_model, folder)
    config = {"prompts": {"query": "dog "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config))
    own, none = identify(f"st:{folder}", TORCH), identify(f"st:{folder}", TORCH, prompts=StatedPrompts("", ""))
    assert (own.document_prompt, own.query_prompt) == ("dog ", "dog ")
    found = [load_embedder(one.name, one) for one in (own, none)]
    expected = load_embedder(f"st:{tiny_model}", identify(f"st:{tiny_model}", TORCH, prompts=StatedPrompts("", "")))
    np.testing.assert_array_equal(embed(found[1], ["the cat"]), embed(expected, ["the cat"]))
    np.testing.assert_array_equal(found[1].embed_query("the cat"), expected.embed_query("the cat"))
    assert np.abs(found[0].embed_query("the cat") - expected.embed_query("the cat")).max() > 1e-3

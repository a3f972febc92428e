"""The query encoder without torch: the torch embedder's own vectors, for every kind of folder it accepts."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.embed import identify, load_embedder
from lake.embed.bert_layers import Room, _gelu
from lake.embed.blas_threads import numpy_blas, one_blas_thread
from lake.embed.minilm import minilm_folder
from lake.embed.numpy_bert import NumpyBert, supports, token_batches
from lake.embed.prompts import StatedPrompts
from lake.embed.query_encoder import load_query_encoder, query_vectors
from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lake.embed.query_encoder import QueryEncoder

TORCH = "torch-cpu/float32"
WORDS = ["the", "cat", "sat", "on", "a", "mat", "dog"]
ODD = [
    "?",
    " ",
    "",
    "How do I reset the pump?",
    "HOW DO I RESET THE PUMP?",
    "naïve café Ünïcödé ﬁ ½",
    "日本語の質問です",
    "한국어 질문",
    "سؤال بالعربية",
    "👩‍👩‍👧 emoji \U0001f600",
    "a\x00b",
    "tab\tand\nline",
    "\ud800 alone",
    "[CLS] [SEP] [MASK] [UNK] [PAD]",
    "'; DROP TABLE chunks; --",
    "x" * 150,
    "-" * 300,
    "lake " * 254,
    "lake " * 255,
    "lake versions " * 2000,
]


@pytest.fixture(scope="module")
def minilm() -> QueryEncoder:
    return load_query_encoder("minilm", identify("minilm"))


def mixed_texts(n: int) -> list[str]:
    """Words of many lengths and scripts, none of them the model's own."""
    draw = random.Random(7)
    letters = ["abcdefghij", "ÄÖÜßéè", "питон", "数据库查询", "0123456789", ".,;:!?-"]
    return [
        " ".join("".join(draw.choices(draw.choice(letters), k=draw.randint(1, 9))) for _ in range(draw.randint(1, 90)))
        for _ in range(n)
    ]


def test_minilm_s_questions_have_torch_s_vectors(minilm: QueryEncoder) -> None:
    assert isinstance(minilm, NumpyBert)
    torch_s = load_embedder("minilm", identify("minilm", TORCH))
    for text in [*ODD, *mixed_texts(12)]:
        found = minilm.embed_query(text)
        assert (found.dtype, found.shape) == (np.float32, (384,))
        np.testing.assert_allclose(found, torch_s.embed_query(text), atol=1e-5, err_msg=repr(text[:60]))
        assert abs(np.linalg.norm(found.astype(np.float64)) - 1) < 1e-6


def test_many_questions_together_get_the_vectors_they_get_alone(minilm: QueryEncoder) -> None:
    texts = [*ODD, *mixed_texts(20)]
    alone = np.stack([minilm.embed_query(text) for text in texts])
    np.testing.assert_allclose(query_vectors(minilm, texts), alone, atol=1e-6)
    assert query_vectors(minilm, []).shape == (0, 384)
    by_words = load_query_encoder("hash", identify("hash"))
    expected = np.stack([by_words.embed_query(text) for text in texts])
    assert query_vectors(by_words, texts).tobytes() == expected.tobytes()


def test_threads_get_the_same_bytes_and_leave_blas_as_it_was(minilm: QueryEncoder) -> None:
    blas = numpy_blas()
    assert blas is not None
    blas.set_threads(2)
    texts = mixed_texts(12)
    alone = [minilm.embed_query(text).tobytes() for text in texts]
    with ThreadPoolExecutor(6) as pool:
        assert [vector.tobytes() for vector in pool.map(minilm.embed_query, texts)] == alone
    assert blas.n_threads() == 2


def test_blas_keeps_to_one_thread_until_the_last_has_left() -> None:
    blas = numpy_blas()
    assert blas is not None
    blas.set_threads(2)
    with one_blas_thread():
        # Entered and left in another thread, as a service does.
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_threads_inside).result() == 1
        assert blas.n_threads() == 1
    assert blas.n_threads() == 2
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_threads_inside).result() == 1


def _threads_inside() -> int:
    blas = numpy_blas()
    assert blas is not None
    with one_blas_thread():
        return blas.n_threads()


def test_asking_needs_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from lake.embed.query_encoder import load_query_encoder\n"
        "from lake.embed import identify\n"
        "load_query_encoder('minilm', identify('minilm', 'torch-cpu/float32')).embed_query('hello')\n"
        "print({'torch', 'scipy', 'sentence_transformers', 'transformers', 'openai'} & set(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_another_model_than_the_release_s_is_refused() -> None:
    other = replace(identify("minilm"), weights="0" * 64)
    with pytest.raises(ContractError, match="weights '0000") as raised:
        load_query_encoder("minilm", other)
    assert "backend" not in str(raised.value)
    with pytest.raises(ContractError, match="dimensions 512 -> 256"):
        load_query_encoder("hash", replace(identify("hash"), dimensions=512))
    on_a_gpu = replace(identify("minilm"), backend="torch-cuda")
    assert load_query_encoder("minilm", on_a_gpu).identity.answers(on_a_gpu)


@given(st.lists(st.integers(1, 512), max_size=80), st.integers(1, 600), st.integers(1, 4))
def test_batches_hold_each_text_once_within_budget(counts: list[int], budget: int, n_streams: int) -> None:
    batches = token_batches(counts, budget, n_streams)
    assert sorted(position for batch in batches for position in batch) == list(range(len(counts)))
    assert all(sum(counts[p] for p in batch) < budget + max(counts) for batch in batches)


def test_texts_are_divided_equally_among_streams() -> None:
    assert [len(batch) for batch in token_batches([20] * 64, 512, 2)] == [16] * 4
    assert [len(batch) for batch in token_batches([20] * 64, 512, 1)] in ([22, 21, 21], [21, 22, 21], [21, 21, 22])


def test_gelu_is_as_exact_as_float32_allows() -> None:
    from math import erf, sqrt

    x = np.linspace(-40, 40, 4001, dtype=np.float32).reshape(1, -1)
    room = Room((), (), *(x.copy() for _ in range(7)))
    room.wide[...] = x / np.float32(sqrt(2))
    _gelu(room.wide, room)
    exact = [0.5 * value * (1 + erf(value / sqrt(2))) for value in x[0].tolist()]
    np.testing.assert_allclose(room.wide[0] * sqrt(2), exact, atol=1e-6, rtol=1e-6)


@pytest.fixture(scope="module")
def random_bert(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Callable[..., int]) -> Callable[..., Path]:
    """Saves a random model: its pooling's settings, prompts, and changes to its BERT configuration."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    def save(pooling: dict[str, Any], query_prompt: str = "", normalised: bool = True, **config: Any) -> Path:
        folder = tmp_path_factory.mktemp("bert")
        hidden = tiny_bert(folder / "raw", **config)
        modules = [Transformer(str(folder / "raw")), Pooling(hidden, **pooling), *([Normalize()] if normalised else [])]
        prompts = {"query": query_prompt} if query_prompt else {}
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder / "saved"))
        return folder / "saved"

    return save


def some_questions() -> list[str]:
    draw = random.Random(3)
    texts = [" ".join(draw.choices([*WORDS, "unknown"], k=draw.randint(1, 90))) for _ in range(12)]
    return ["cat", "CAT Dog", *texts]


@pytest.mark.parametrize(
    ("pooling", "prompt", "config"),
    [
        ({"pooling_mode": "mean"}, "", {}),
        ({"pooling_mode": "cls"}, "", {"hidden_size": 48, "num_attention_heads": 3, "num_hidden_layers": 1}),
        ({"pooling_mode": "mean"}, "query: ", {"intermediate_size": 37, "num_attention_heads": 1}),
        ({"pooling_mode": "cls"}, "query: ", {"layer_norm_eps": 1e-3, "num_hidden_layers": 4}),
        ({"pooling_mode": "mean", "include_prompt": False}, "query: ", {"type_vocab_size": 1}),
        ({"pooling_mode": "cls", "include_prompt": False}, "query: the cat ", {}),
    ],
    ids=["mean", "cls", "mean-prompt", "cls-prompt", "mean-without-prompt", "cls-without-prompt"],
)
def test_any_bert_has_torch_s_vectors(
    random_bert: Callable[..., Path], pooling: dict[str, Any], prompt: str, config: dict[str, Any]
) -> None:
    folder = random_bert(pooling, prompt, normalised=not prompt, **config)
    assert supports(folder)
    name = f"st:{folder}"
    encoder, torch_s = load_query_encoder(name, identify(name)), load_embedder(name, identify(name, TORCH))
    assert isinstance(encoder, NumpyBert)
    assert encoder.identity.query_prompt == prompt
    graph = load_embedder(name, identify(name, "openvino/float32"))
    for text in some_questions():
        expected = torch_s.embed_query(text)
        np.testing.assert_allclose(encoder.embed_query(text), expected, atol=1e-5, err_msg=text[:60])
        np.testing.assert_allclose(graph.embed_query(text), expected, atol=1e-5, err_msg=text[:60])


@pytest.mark.parametrize("pools_prompt", [True, False])
def test_a_stated_prompt_is_read_and_pooled_like_torch_s(random_bert: Callable[..., Path], pools_prompt: bool) -> None:
    folder = random_bert({"pooling_mode": "mean", "include_prompt": pools_prompt}, "query: ")
    name, prompts = f"st:{folder}", StatedPrompts("a mat ", "the cat sat ")
    torch_s = load_embedder(name, identify(name, TORCH, prompts=prompts))
    graph = load_embedder(name, identify(name, "openvino/float32", prompts=prompts))
    encoder = load_query_encoder(name, graph.identity)
    assert isinstance(encoder, NumpyBert)
    own = load_query_encoder(name, identify(name))
    for text in some_questions()[:6]:
        expected = torch_s.embed_query(text)
        np.testing.assert_allclose(encoder.embed_query(text), expected, atol=1e-5)
        np.testing.assert_allclose(graph.embed_query(text), expected, atol=1e-5)
    assert np.abs(own.embed_query("cat") - encoder.embed_query("cat")).max() > 1e-3
    ((_, ours),), ((_, theirs),) = graph.embed(["dog sat"]), torch_s.embed(["dog sat"])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("pooling", "config"),
    [
        ({"pooling_mode": "max"}, {}),
        ({"pooling_mode": ["cls", "mean"]}, {}),
        ({"pooling_mode": "mean"}, {"hidden_act": "relu"}),
    ],
    ids=["max", "cls-and-mean", "relu"],
)
def test_what_is_not_known_goes_to_torch(
    random_bert: Callable[..., Path], pooling: dict[str, Any], config: dict[str, Any]
) -> None:
    folder = random_bert(pooling, **config)
    assert not supports(folder)
    name = f"st:{folder}"
    encoder = load_query_encoder(name, identify(name))
    assert encoder is load_embedder(name)
    assert identify(name).backend == "torch-cpu"
    with pytest.raises(ContractError, match=r"can't compute 'st:.* by openvino/float32; it has .*torch-cpu/float32"):
        identify(name, "openvino/float32")
    assert encoder.embed_query("the cat").shape == (encoder.identity.dimensions,)


def test_a_dense_layer_goes_to_torch(tiny_model: Path) -> None:
    assert not supports(tiny_model)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"auto_map": {"AutoModel": "code.Model"}}),
        ("config.json", {"is_decoder": True}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("tokenizer_config.json", {"do_lower_case": False}),
        ("tokenizer_config.json", {"truncation_side": "left"}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("1_Pooling/config.json", {"pooling_mode": ["cls", "mean"]}),
        ("modules.json", None),
    ],
)
def test_a_folder_in_doubt_is_not_supported(tmp_path: Path, file: str, change: dict[str, Any] | None) -> None:
    for path in minilm_folder().rglob("*.json"):
        copy = tmp_path / path.relative_to(minilm_folder())
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
    (tmp_path / "model.safetensors").symlink_to(minilm_folder() / "model.safetensors")
    assert supports(tmp_path)
    if change is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(json.dumps(json.loads((tmp_path / file).read_text()) | change))
    assert not supports(tmp_path)
    assert not supports(tmp_path / "nowhere")


def test_half_precision_weights_are_not_supported(random_bert: Callable[..., Path]) -> None:
    from safetensors.numpy import load_file, save_file

    folder = random_bert({"pooling_mode": "mean"})
    assert supports(folder)
    file = folder / "model.safetensors"
    save_file({name: tensor.astype(np.float16) for name, tensor in load_file(file).items()}, file)
    assert not supports(folder)

"""Prompts: those of the model, of the lake and of the user, and models that are known to need them."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lake.chunk.tokenizers import load_tokenizer
from lake.embed import check_prompts, identify, load_embedder
from lake.embed.known_prompts import known_prompts
from lake.embed.minilm import minilm_folder
from lake.embed.model_names import names_of
from lake.embed.openai_models import TOKENIZER
from lake.embed.prompts import StatedPrompts
from lake.embed.query_encoder import load_query_encoder
from lake.errors import UsageError

if TYPE_CHECKING:
    from lake.embed import Embedder
    from lake.recipe import EmbedderIdentity

TORCH = "torch-cpu/float32"
REPRESENT = "Represent this sentence for searching relevant passages: "
WEB = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "


def embedded(embedder: Embedder, text: str) -> np.ndarray:
    ((_, vectors),) = embedder.embed([text])
    return vectors[0]


@pytest.mark.parametrize(
    ("name", "document", "query"),
    [
        ("intfloat/multilingual-e5-base", "passage: ", "query: "),
        ("e5_small_v2", "passage: ", "query: "),
        ("multilingual-e5-large-instruct", "", WEB),
        ("bge-small-en-v1.5", "", REPRESENT),
        ("BAAI/bge-large-zh-v1.5", "", "为这个句子生成表示以用于检索相关文章："),  # noqa: RUF001
        ("Alibaba-NLP/gte-Qwen2-7B-instruct", "", WEB),
        ("nomic-embed-text:latest", "search_document: ", "search_query: "),
        ("snowflake-arctic-embed:22m", "", REPRESENT),
        ("snowflake-arctic-embed2", "", "query: "),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", "", REPRESENT),
        ("snowflake-arctic-embed-l-v2.0", "", "query: "),
        ("mxbai-embed-large", "", REPRESENT),
        ("qwen3-embedding:0.6b", "", WEB.rstrip(" ")),
        ("google/embeddinggemma-300m", "title: none | text: ", "task: search result | query: "),
    ],
)
def test_families_that_need_prompts_are_known_by_name(name: str, document: str, query: str) -> None:
    found = known_prompts([name])
    assert found is not None
    assert (found.document, found.query) == (document, query)


@pytest.mark.parametrize(
    "name", ["all-MiniLM-L6-v2", "bge-m3:567m", "deepvk/USER-bge-m3", "gte-base", "gte-multilingual-base", "local", ""]
)
def test_models_that_need_none_are_left_alone(name: str) -> None:
    assert known_prompts([name]) is None


def test_a_folder_is_known_by_its_name_its_configuration_and_its_card(tmp_path: Path) -> None:
    folder = tmp_path / "models--intfloat--e5-base" / "snapshots" / "0123"
    folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    (folder / "config.json").write_text(json.dumps({"_name_or_path": "/old/bge-small-en/"}))
    card = (
        "---\ntags:\n- x\nmodel-index:\n- name: gte-x\n  results: []\n---\n<h1 align='center'>Nomic\nEmbed</h1>\n# Use"
    )
    (folder / "README.md").write_text(card)
    assert names_of(tmp_path / "link") == ("link", "0123", "intfloat--e5-base", "bge-small-en", "gte-x", "Nomic\nEmbed")
    (folder / "README.md").write_bytes(b"\xff\n```\n# e5 of an example\n```")
    (folder / "config.json").write_text("[")
    assert names_of(folder) == ("0123", "intfloat--e5-base")


def saved(folder: Path, **prompts: str) -> Path:
    """A model's files with these prompts."""
    shutil.copytree(minilm_folder(), folder, ignore=shutil.ignore_patterns("*.safetensors", "*.md", "onnx", "openvino"))
    (folder / "model.safetensors").symlink_to(minilm_folder() / "model.safetensors")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    return folder


@pytest.fixture(scope="module")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without prompts, in a folder with a telling name."""
    return saved(tmp_path_factory.mktemp("models") / "my-e5-small", query="", document="")


@pytest.fixture(scope="module")
def prompted_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("models") / "mine", query="query: ", passage="passage: ")


@pytest.mark.parametrize(
    ("prompts", "document", "query"),
    [
        ({"passage": "p: ", "query": "q: "}, "p: ", "q: "),
        ({"retrieval.query": "q: ", "retrieval.passage": "p: ", "text-matching": "x"}, "p: ", "q: "),
        ({"s2p_query": "q: ", "s2s_query": "x"}, "", "q: "),
        ({"query": "q: ", "document": "", "classification": "x"}, "", "q: "),
        ({"clustering": "x"}, "", ""),
    ],
)
def test_a_folder_s_prompts_are_found_by_their_names(
    tmp_path: Path, prompts: dict[str, str], document: str, query: str
) -> None:
    name = f"st:{saved(tmp_path / 'model', **prompts)}"
    found = identify(name, TORCH)
    assert (found.document_prompt, found.query_prompt) == (document, query)
    made_before = replace(found, document_prompt="", query_prompt="", max_tokens=254)
    assert identify(name, like=made_before) == made_before, "a lake keeps the prompts that it was made with"


def decided(name: str, **stated: str) -> EmbedderIdentity:
    prompts = StatedPrompts(**stated)
    identity = identify(name, TORCH if name.startswith("st:") else None, prompts=prompts)
    check_prompts(identity, prompts)
    return identity


def test_a_model_that_is_known_to_need_prompts_needs_a_word(plain_model: Path) -> None:
    name = f"st:{plain_model}"
    for stated, none in (({}, "query"), ({"query": "query: "}, "document")):
        with pytest.raises(UsageError, match="the family E5, trained with 'passage: ' before documents") as raised:
            decided(name, **stated)
        assert f'--query-prompt "query: " --document-prompt "passage: ", or --{none}-prompt ""' in str(raised.value)
    for nothing in ({"query": ""}, {"document": ""}, {"query": "", "document": ""}):
        assert decided(name, **nothing) == identify(name, TORCH)
    assert decided(name, query="query: ", document="").query_prompt == "query: "
    assert decided(name, query="query: ", document="passage: ").document_prompt == "passage: "


def test_options_can_be_pasted_into_a_shell() -> None:
    with pytest.raises(UsageError) as raised:
        decided("openai:Qwen3-Embedding-4B@8")
    pasted = str(raised.value).split("Add ")[1].split(", or ")[0]
    assert pasted.startswith("--query-prompt $'")
    assert "\n" not in pasted
    assert shlex.split(pasted.replace("$'", "'"))[1].replace("\\n", "\n") == WEB.rstrip(" ")
    assert decided("openai:qwen3-embedding@8", query=WEB).query_prompt == WEB, "documents take none there"
    assert decided("openai:bge-m3@8") == identify("openai:bge-m3@8")


def test_stated_prompts_override_the_model_s_own_and_take_their_room(prompted_model: Path, plain_model: Path) -> None:
    own = identify(f"st:{prompted_model}", TORCH)
    assert (own.document_prompt, own.query_prompt, own.max_tokens) == ("passage: ", "query: ", 256 - 2 - 2)
    stated = identify(f"st:{prompted_model}", TORCH, prompts=StatedPrompts("the cat sat: ", "dog "))
    assert (stated.document_prompt, stated.query_prompt, stated.max_tokens) == ("the cat sat: ", "dog ", 256 - 2 - 4)
    assert stated.digest != own.digest
    joined = identify(f"st:{prompted_model}", TORCH, prompts=StatedPrompts("dog"))
    assert joined.max_tokens == 256 - 2 - 1 - 2, "'doghouse' may have more pieces than 'dog' and 'house'"
    bare = identify(f"st:{prompted_model}", TORCH, prompts=StatedPrompts("", ""))
    assert (bare.document_prompt, bare.query_prompt, bare.max_tokens) == ("", "", 256 - 2)
    assert identify(f"st:{prompted_model}", TORCH, prompts=StatedPrompts("passage: ", "query: ")) == own
    for option in ("document", "query"):
        with pytest.raises(UsageError, match=f"the {option}_prompt takes 248 of the 254 tokens"):
            identify(f"st:{plain_model}", TORCH, prompts=StatedPrompts(**{option: "cat " * 248}))
        with pytest.raises(UsageError, match="not valid Unicode"):
            StatedPrompts(**{option: "\udcff"})


def test_what_is_not_stated_is_the_lake_s_own(plain_model: Path, prompted_model: Path) -> None:
    name = f"st:{plain_model}"
    was = identify(name, TORCH, prompts=StatedPrompts("passage: ", "query: "))
    assert identify(name, like=was) == was
    assert identify(name, like=was, prompts=StatedPrompts(query="dog ")) == replace(was, query_prompt="dog ")
    assert load_query_encoder(name, was).identity.query_prompt == "query: "
    trained_on = replace(was, weights="0" * 64)
    assert identify(name, like=trained_on).query_prompt == "query: ", "the folder has none of its own"
    other = replace(trained_on, name=f"st:{prompted_model}", query_prompt="dog ")
    assert identify(other.name, like=other).query_prompt == "query: ", "the new model's own"
    assert identify("hash", like=was) == identify("hash")


def test_an_endpoint_gets_the_prompts(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    stated = StatedPrompts("search_document: ", "search_query: ")
    identity = identify("openai:nomic-embed-text", prompts=stated)
    assert (identity.name, identity.max_tokens) == ("openai:nomic-embed-text@8", 8191 - 4)
    embedder = load_embedder(identity.name, identity)
    vectors = embedded(embedder, "the cat"), embedder.embed_query("the cat")
    assert [request["input"] for request in endpoint.requests[1:]] == [
        ["search_document: the cat"],
        ["search_query: the cat"],
    ]
    for vector, text in zip(vectors, ("search_document: the cat", "search_query: the cat"), strict=True):
        expected = endpoint.vector_of(text, 8)
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)
    embedder.embed_query("灯台 " * 3_000)
    assert load_tokenizer(TOKENIZER).count(endpoint.requests[-1]["input"][0]) <= 8191
    bare = identify(identity.name, prompts=StatedPrompts("", ""))
    assert bare == identify(identity.name)
    assert load_embedder(bare.name, bare) is not embedder
    assert load_query_encoder(identity.name, identity) is embedder
    with pytest.raises(UsageError, match="nomic-embed, trained with 'search_document: ' before documents"):
        check_prompts(bare, StatedPrompts())


def test_prompts_stand_before_the_texts_of_any_other_embedder() -> None:
    identity = identify("hash", prompts=StatedPrompts("passage: ", "query: "))
    prompted, plain = load_embedder("hash", identity), load_embedder("hash")
    assert identity.max_tokens == plain.identity.max_tokens - 2
    np.testing.assert_array_equal(embedded(prompted, "cat"), embedded(plain, "passage: cat"))
    np.testing.assert_array_equal(prompted.embed_query("cat"), plain.embed_query("query: cat"))
    assert load_embedder("hash", identity) is prompted
    assert plain.identity == identify("hash")

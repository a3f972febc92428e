"""Names of embedders: what they stand for, cheaply, and one object for each."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from lake.embed import identify, load_embedder, price_per_million_tokens, tokenizer_of
from lake.errors import ContractError, UsageError


@pytest.mark.parametrize("name", ["", "bert", "minilm2", "sentence-transformers/x", "openai"])
def test_a_wrong_name_lists_the_right_forms(name: str) -> None:
    forms = r"st:MODEL_OR_PATH, sparse:MODEL_OR_PATH, hash or PROVIDER:MODEL\[@DIMENSIONS\] of openai"
    for function in (identify, load_embedder, tokenizer_of, price_per_million_tokens):
        with pytest.raises(UsageError, match=forms):
            function(name)


def test_the_package_names_no_heavy_library_until_a_model_is_loaded() -> None:
    program = (
        "import sys; from lake.embed import identify, tokenizer_of, price_per_million_tokens as price;"
        "[identify(n) for n in ('minilm', 'hash', 'openai:text-embedding-3-small')];"
        "[(tokenizer_of(n).count('a b'), price(n)) for n in ('minilm', 'hash', 'openai:text-embedding-3-small')];"
        "print({'torch', 'sentence_transformers', 'transformers', 'openai'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_an_identity_that_is_not_the_expected_one_names_both() -> None:
    expected = replace(identify("hash"), dimensions=512)
    with pytest.raises(ContractError, match="dimensions 512 -> 256") as raised:
        load_embedder("hash", expected=expected)
    assert expected.table in str(raised.value)
    assert identify("hash").table in str(raised.value)
    assert load_embedder("hash", expected=identify("hash")).identity == identify("hash")


def test_threads_share_one_object() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({id(embedder) for embedder in pool.map(load_embedder, ["hash"] * 32)}) == 1


def test_tokenizers_carry_the_identity_s_name() -> None:
    for name in ("minilm", "hash", "openai:text-embedding-3-small"):
        assert tokenizer_of(name).name == identify(name).tokenizer
    assert tokenizer_of("minilm").count("embeddings") == 4


def test_prices_are_of_the_model_or_unknown() -> None:
    assert price_per_million_tokens("minilm") == 0.0
    assert price_per_million_tokens("st:anything") == 0.0
    assert price_per_million_tokens("openai:text-embedding-3-small@512") == 0.02
    assert price_per_million_tokens("openai:local@8") is None

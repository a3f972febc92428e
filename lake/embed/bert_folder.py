"""Reads a saved BERT with pooling without torch: its parts, and its weights by memory mapping."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_WEIGHTS = "model.safetensors"
_POOLINGS = ("mean", "cls")
_OLD_POOLING_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
#: Settings of config.json that the plain encoder requires, or their absence.
_PLAIN = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "auto_map": None,
}
#: Equal settings under their names in tokenizer_config.json and in tokenizer.json's normalizer.
_LETTERS = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}


@dataclass(frozen=True, slots=True)
class BertFolder:
    """``pooling`` is ``mean`` or ``cls``; the model still reads a prompt that pooling omits."""

    path: Path
    n_layers: int
    n_heads: int
    hidden: int
    wide: int
    epsilon: float
    pooling: str
    pools_prompt: bool


def supports(folder: Path) -> bool:
    """Whether ``numpy_bert`` computes the same as sentence-transformers; False if in doubt."""
    return read_bert_folder(folder) is not None


def read_bert_folder(folder: Path) -> BertFolder | None:
    """None for any other architecture, pooling, activation, dtype, or layout of files."""
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _read(folder: Path) -> BertFolder | None:
    modules = _json(folder / "modules.json")
    transformer = folder / modules[0]["path"]
    config = _json(transformer / "config.json")
    pooling = _pooling(_json(folder / modules[1]["path"] / "config.json"))
    known = _are_known(modules) and transformer == folder and pooling in _POOLINGS and _is_plain(config)
    if not (known and _reads_plainly(folder) and _is_float32(folder)):
        return None
    return BertFolder(
        path=folder,
        n_layers=int(config["num_hidden_layers"]),
        n_heads=int(config["num_attention_heads"]),
        hidden=int(config["hidden_size"]),
        wide=int(config["intermediate_size"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        pooling=pooling,
        pools_prompt=bool(_json(folder / modules[1]["path"] / "config.json").get("include_prompt", True)),
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _are_known(modules: list[dict[str, Any]]) -> bool:
    names = [module["type"].rpartition(".")[2] for module in modules]
    own = all(module["type"].startswith("sentence_transformers.") and not module.get("kwargs") for module in modules)
    return own and names in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])


def _pooling(config: dict[str, Any]) -> str:
    """The single pooling mode, or "" if several are joined."""
    modes = pooling_modes(config)
    return modes[0] if len(modes) == 1 else ""


def pooling_modes(config: dict[str, Any]) -> list[str]:
    """The modes in a pooling's configuration; their results are joined end to end."""
    stated = config.get("pooling_mode") or [mode for key, mode in _OLD_POOLING_KEYS.items() if config.get(key)]
    return [stated] if isinstance(stated, str) else list(stated)


def _is_plain(config: dict[str, Any]) -> bool:
    is_as_known = all(config.get(key, value) == value for key, value in _PLAIN.items())
    return is_as_known and "model_type" in config and config["hidden_size"] % config["num_attention_heads"] == 0


def _reads_plainly(folder: Path) -> bool:
    """Whether tokenizer.json alone decides how a text is read."""
    own = _json(folder / "sentence_bert_config.json") if (folder / "sentence_bert_config.json").is_file() else {}
    stated = _json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    normalizer = _json(folder / "tokenizer.json").get("normalizer") or {}
    if own.get("do_lower_case") or stated.get("truncation_side", "right") != "right":
        return False
    if normalizer.get("type") != "BertNormalizer":
        return True
    # transformers builds BERT's normalizer from its configuration, not from tokenizer.json.
    return all(stated.get(key, normalizer.get(name)) == normalizer.get(name) for key, name in _LETTERS.items())


def _is_float32(folder: Path) -> bool:
    header, _ = _header(folder / _WEIGHTS)
    return all(tensor["dtype"] == "F32" for name, tensor in header.items() if name.endswith((".weight", ".bias")))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Names, types and positions of a safetensors file's tensors, and where their bytes begin."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return {name: tensor for name, tensor in header.items() if name != "__metadata__"}, 8 + size


def open_weights(folder: Path) -> dict[str, np.ndarray]:
    """Tensors by name, without the ``bert.`` that some models put before it, mapped and not yet read."""
    import numpy as np

    header, start = _header(folder / _WEIGHTS)
    data = np.memmap(folder / _WEIGHTS, dtype=np.uint8, mode="r")
    weights = {}
    for name, tensor in header.items():
        if tensor["dtype"] == "F32":
            begin, end = (start + offset for offset in tensor["data_offsets"])
            weights[name.removeprefix("bert.")] = data[begin:end].view("<f4").reshape(tensor["shape"])
    return weights

"""Reads the facts of a saved sentence-transformers folder from its files, without torch."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.embed.bert_folder import pooling_modes
from lake.errors import ContractError, TransientError, UsageError
from lake.ids import value_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Suffixes of files that decide the vectors, unlike read-me pages and exports for other backends.
_SUFFIXES = {".json", ".txt", ".model", ".safetensors", ".bin"}
_OTHER_BACKENDS = {"onnx", "openvino"}
#: Suffixes under which torch saves pickles; and the variable that lists trusted models, separated by commas.
_PICKLED, TRUSTED = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}, "RAGLAKE_PICKLED_MODELS"
_DIMENSION_KEYS = ("out_features", "embedding_dimension", "word_embedding_dimension")
#: Names under which folders keep the prompts of documents and of questions; a lake keeps those that it was made with.
_DOCUMENT_PROMPTS = ("document", "passage", "corpus", "retrieval.passage")
_QUERY_PROMPTS = ("query", "retrieval.query", "s2p_query")
_LONGEST_CREDIBLE = 1 << 20
_CONFIG = "config_sentence_transformers.json"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Facts of one model; ``max_tokens`` counts a document's own tokens, without its prompt.

    ``encoder`` holds the tokenizer of documents, if it is not ``path``.
    """

    path: Path
    weights: str
    tokenizer: str
    dimensions: int
    max_sequence: int
    max_tokens: int
    document_prompt: str
    query_prompt: str
    encoder: Path | None = None

    @property
    def tokenizer_file(self) -> Path:
        return (self.encoder or self.path) / "tokenizer.json"

    def prompt_tokens(self, prompt: str) -> int:
        """Number of tokens that a prompt takes, without the special ones around a text."""
        return _prompt_tokens(self.tokenizer_file, self.tokenizer, prompt) if prompt else 0


def file_digest(path: Path) -> str:
    """SHA-256 of a file, computed once per process for each path, size and modification time."""
    status = path.stat()
    return _file_digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _file_digest(path: Path, size: int, modified_at: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tokenizer_name(path: Path) -> str:
    """A tokenizer's name by its content, so that a moved model keeps it."""
    return f"hf:{file_digest(path)[:16]}"


def find_folder(model: str) -> Path:
    """The folder at a path, or of a model hub's name, downloaded if it is not there yet.

    Raises UsageError if neither exists or its weights are pickled, TransientError if the hub can't be reached.
    """
    path = Path(model).expanduser()
    if model and path.is_dir():
        return _without_pickles(path, model)
    if not model or model.startswith(("/", ".", "~")) or model.count("/") > 1 or path.exists():
        raise UsageError(f"no model folder {model!r}; give a folder saved by sentence-transformers or a hub name")
    return _without_pickles(_hub_folder(model if "/" in model else f"sentence-transformers/{model}"), model)


def _without_pickles(path: Path, model: str) -> Path:
    """The folder. Raises UsageError if weights are pickled, which can run any code, unless the model is trusted."""
    safe = {file.parent for file in path.rglob("*.safetensors")}
    pickled = [
        file for file in sorted(path.rglob("*")) if file.suffix in _PICKLED and file.parent not in safe and _runs(file)
    ]
    if pickled and model not in os.environ.get(TRUSTED, "").split(","):
        raise UsageError(
            f"{pickled[0]} of the model {model!r} is pickled and could run any code when it is loaded; save the model "
            f"with safetensors, or trust it by {TRUSTED}={model}"
        )
    return path


def _runs(file: Path) -> bool:
    """Whether a file is a pickle or an archive of torch's, which holds one."""
    with file.open("rb") as opened:
        return opened.read(4).startswith((b"PK\x03\x04", b"\x80"))


@lru_cache(maxsize=32)
def _hub_folder(name: str) -> Path:
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    try:
        return _download(name)
    except (RepositoryNotFoundError, HFValidationError) as error:
        advice = "request access and set HF_TOKEN" if isinstance(error, GatedRepoError) else "check its name"
        raise UsageError(f"the model hub does not offer {name!r}; {advice}, or give a folder") from error
    # LocalEntryNotFoundError, which means "no network and nothing cached", is an OSError.
    except (HfHubHTTPError, OSError) as error:
        raise TransientError(
            f"the model hub could not be reached for {name!r}: {type(error).__name__}; try again, or give a folder"
        ) from error


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    described = ["*.json", "*.txt", "*.model"]
    others = [f"{backend}/*" for backend in sorted(_OTHER_BACKENDS)]
    path = Path(snapshot_download(name, allow_patterns=[*described, "*.safetensors"], ignore_patterns=others))
    if not list(path.rglob("*.safetensors")):
        path = Path(snapshot_download(name, allow_patterns=[*described, "*.bin"], ignore_patterns=others))
    return path


def read_model_folder(model: str, *, is_sparse: bool = False) -> ModelFolder:
    """Facts of ``model`` (path or hub name); cheap after the first time, unless its files change.

    ``is_sparse``: of a ``SparseEncoder`` whose documents are made by a masked language model, as SPLADE's are.
    """
    path = find_folder(model)
    try:
        if not is_sparse and _json(path / _CONFIG).get("model_type") == "SparseEncoder":
            raise UsageError(f"{model!r} is a sparse model; name it sparse:{model}, beside another embedder")
        files = tuple((f, f.stat().st_size, f.stat().st_mtime_ns) for f in _deciding_files(path))
        return _read_model_folder(path, files, is_sparse)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, StopIteration) as error:
        kind = "a SparseEncoder of sentence-transformers" if is_sparse else "a sentence-transformers model"
        raise UsageError(f"{model!r} is not {kind} with a fast tokenizer: {type(error).__name__}: {error}") from error


def folder_digest(model: str) -> str:
    """Digest of all files that decide what ``model`` (path or hub name) computes; cheap unless they change."""
    path = find_folder(model)
    return value_digest({file.relative_to(path).as_posix(): file_digest(file) for file in _deciding_files(path)})


def _deciding_files(path: Path) -> list[Path]:
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix in _SUFFIXES and file.is_file() and not _OTHER_BACKENDS & set(file.relative_to(path).parts)
    )


@lru_cache(maxsize=32)
def _prompt_tokens(tokenizer_file: Path, digest: str, prompt: str) -> int:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return len(tokenizer.encode(prompt, add_special_tokens=False).ids)


@lru_cache(maxsize=32)
def _read_model_folder(path: Path, files: Sequence[tuple[Path, int, int]], is_sparse: bool) -> ModelFolder:
    from tokenizers import Tokenizer

    encoder = _sparse_encoder(path) if is_sparse else path
    prompts, name = _prompts(path), tokenizer_name(encoder / "tokenizer.json")
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    n_taken = len(tokenizer.encode(prompts[0], add_special_tokens=True).ids) if prompts[0] else None
    special = tokenizer.num_special_tokens_to_add(False)
    max_sequence = _max_sequence(encoder)
    return ModelFolder(
        path=path,
        weights=value_digest({file.relative_to(path).as_posix(): file_digest(file) for file, _, _ in files}),
        tokenizer=name,
        dimensions=int(_json(encoder / "config.json")["vocab_size"]) if is_sparse else _dimensions(path),
        max_sequence=max_sequence,
        max_tokens=max_sequence - (special if n_taken is None else n_taken),
        document_prompt=prompts[0],
        query_prompt=prompts[1],
        encoder=encoder,
    )


def _sparse_encoder(path: Path) -> Path:
    """The folder of the transformer that reads documents. Raises ValueError if no SPLADE pooling follows it."""
    modules: list[dict[str, str]] = json.loads((path / "modules.json").read_text(encoding="utf-8"))
    folders = [(module["path"], module["type"]) for module in modules]
    if folders[0][1].endswith("Router"):  # questions have modules of their own
        router = _json(path / folders[0][0] / "router_config.json")
        folders = [(name, router["types"][name]) for name in router["structure"]["document"]]
    if [kind.rpartition(".")[2] for _, kind in folders[1:]] != ["SpladePooling"]:
        raise ValueError("its documents are not made by a masked language model and SpladePooling")
    return path / folders[0][0]


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _prompts(path: Path) -> tuple[str, str]:
    """Prompts of documents and of queries: by their usual names, else the model's default one."""
    config = _json(path / _CONFIG)
    prompts: dict[str, str] = config.get("prompts") or {}
    default = prompts.get(config.get("default_prompt_name") or "") or ""
    document = next((prompts[key] for key in _DOCUMENT_PROMPTS if prompts.get(key)), default)
    return document, next((prompts[key] for key in _QUERY_PROMPTS if prompts.get(key)), default)


def _max_sequence(path: Path) -> int:
    """The limit by sentence-transformers' rule: its own setting, else the smaller of tokenizer's and model's."""
    own = _json(path / "sentence_bert_config.json").get("max_seq_length")
    if own:
        return int(own)
    limits = [
        _json(path / "tokenizer_config.json").get("model_max_length"),
        _json(path / "config.json").get("max_position_embeddings"),
    ]
    # A tokenizer without a limit states one of 10^30.
    return min(int(limit) for limit in limits if limit and 0 < limit < _LONGEST_CREDIBLE)


def _dimensions(path: Path) -> int:
    modules: list[dict[str, Any]] = json.loads((path / "modules.json").read_text(encoding="utf-8"))
    if any(module["type"].endswith("Router") for module in modules):
        raise ContractError(
            f"{str(path)!r} treats queries and documents by different modules, which raglake does not support"
        )
    configs = [_json(path / module["path"] / "config.json") for module in reversed(modules)]
    found = ((config, int(config[key])) for config in configs for key in _DIMENSION_KEYS if key in config)
    config, dimensions = next(found)
    return dimensions * max(len(pooling_modes(config)), 1)

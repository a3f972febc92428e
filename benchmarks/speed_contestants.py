"""Who is measured: raglake's own command, and peers in an environment of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PEERS = Path(__file__).parent / "peers"
_LIBRARIES = (
    *("lancedb", "langchain-core", "langchain-community", "llama-index-core", "cocoindex"),
    *("sentence-transformers", "torch"),
)
_VERSIONS = (
    "import json, sys; from importlib.metadata import version, PackageNotFoundError as gone\n"
    "def of(name):\n    try: return version(name)\n    except gone: return None\n"
    "print(json.dumps({name: of(name) for name in sys.argv[1:]}))"
)


@dataclass(frozen=True, slots=True)
class Contestant:
    """``script`` is a peer's; raglake itself has none."""

    name: str
    python: str = sys.executable
    script: str = ""

    def ingest(self, documents: Path, store: Path, embedder: str) -> list[str]:
        """The command that brings ``store`` up to date with ``documents``."""
        if self.script:
            return [self.python, "-W", "ignore", str(_PEERS / self.script), str(documents), str(store), embedder]
        return self._command("ingest", documents, store, embedder)

    def plan(self, documents: Path, store: Path, embedder: str) -> list[str]:
        return self._command("plan", documents, store, embedder)

    def _command(self, verb: str, documents: Path, store: Path, embedder: str) -> list[str]:
        words = [verb, str(documents), "--lake", str(store), "--embedder", embedder, "--json"]
        return [self.python, "-m", "raglake", *words]


RAGLAKE = Contestant("raglake")


def peers(python: str) -> list[Contestant]:
    """All peers, run by the interpreter of their environment."""
    scripts = {
        "bare script": "bare.py",
        "LangChain index()": "langchain_index.py",
        "LlamaIndex pipeline": "llama_index_pipeline.py",
        "CocoIndex": "cocoindex_app.py",
    }
    return [Contestant(name, python, script) for name, script in scripts.items()]


def versions(python: str, libraries: Sequence[str] = _LIBRARIES) -> dict[str, str | None]:
    """Versions of the libraries in an interpreter's environment; None where one is not there."""
    done = subprocess.run([python, "-c", _VERSIONS, *libraries], capture_output=True, text=True, check=True)
    found: dict[str, str | None] = json.loads(done.stdout)
    return found

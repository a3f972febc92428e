"""What a lake answers on raglake's command line, in words of this folder's own.

Both sides use it: ``make_lake.py`` writes down what the code of a version says of its lake, and ``test_lakes.py`` asks
later code the same. Nothing here names a module of raglake but the public one, and a field of ``--json`` is read in
one place, so that what is renamed is renamed here once while the fixtures stay as they are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: The source's name, so that documents keep their identity wherever their folder lies.
SOURCE = "docs"
#: More than a lake of these fixtures has chunks.
ALL = 1_000
EVERYBODY = "*"
#: The measures whose scores are compared; all others are computed from the same rankings.
MEASURES = (("document", "nDCG@10"), ("span", "recall@5"), ("answer", "answered"))

OK, FAILED, USAGE, REFUSED = range(4)


@cache
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


@cache
def entry_point() -> Callable[[list[str]], None]:
    """What the ``raglake`` command runs, as ``pyproject.toml`` has it."""
    module, function = project()["scripts"]["raglake"].split(":")
    main: Callable[[list[str]], None] = getattr(import_module(module), function)
    return main


def run(*words: object, status: int = OK) -> Any:
    """The JSON value of ``raglake WORDS --json``; AssertionError where it ends with another exit status.

    In this process: a process of its own would spend a second or two on imports each time.
    """
    return _run([str(word) for word in words], status)[0]


def refusal(*words: object, status: int) -> str:
    """What ``raglake WORDS --json`` says on stderr where it ends with this exit status, which is not 0."""
    return _run([str(word) for word in words], status)[1]


def _run(words: Sequence[str], status: int) -> tuple[Any, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            entry_point()([*words, "--json"])
            ended: object = OK
        except SystemExit as leave:
            ended = leave.code or OK
    told = err.getvalue()
    assert ended == status, f"raglake {' '.join(words)} ended with {ended}, not {status}: {told or out.getvalue()}"
    return (json.loads(out.getvalue()) if out.getvalue() else None), told


def public_module() -> Any:
    """The module that programs import; it was called ``lake`` in 0.3."""
    return import_module("raglake" if find_spec("raglake") else "lake")


def sources(folder: Path) -> str:
    return f"{SOURCE}={folder}"


# Releases


def releases(lake: Path) -> list[dict[str, Any]]:
    """Every release, oldest first."""
    return [
        {
            "release": row["release"],
            "status": row["status"],
            "live": row["live"],
            "names": row["names"],
            "audit": row["audit"],
            "gate": row["gate"],
            "why": row["why"],
            "base": row["base"],
            "digest": row["digest"],
            "n_documents": row["n_documents"],
            "n_quarantined": row["n_quarantined"],
            "n_parents": row["n_parents"],
            "n_chunks": row["n_chunks"],
        }
        for row in run("releases", "--lake", lake)
    ]


def history(lake: Path, release: str) -> list[list[str]]:
    """What the log says of one release: each action with its reason, oldest first."""
    return [[entry["action"], entry["why"]] for entry in run("releases", release, "--lake", lake)["entries"]]


def recipe(lake: Path, release: str = "live") -> dict[str, Any]:
    found: dict[str, Any] = run("releases", release, "--lake", lake)["recipe_fields"]
    return found


def live(lake: Path) -> str:
    return str(run("status", "--lake", lake)["live"]["release"])


def quarantine(lake: Path) -> list[list[str]]:
    return [[row["uri"], row["error_class"], row["reason"]] for row in run("status", "--lake", lake)["quarantine"]]


def difference(lake: Path, a: str, b: str) -> dict[str, Any]:
    """URIs of the documents that ``b`` holds otherwise than ``a``."""
    found = run("diff", a, b, "--lake", lake)["documents"]
    return {kind: sorted(row["uri"] for row in found[kind]) for kind in ("added", "changed", "moved", "removed")}


# What a release holds, as a search shows it


def rows(
    lake: Path, at: str = "live", who: str = EVERYBODY, *, expand: str = "none", only: str = ""
) -> list[dict[str, Any]]:
    """All chunks, or all sections, that somebody may see at a release, in an order of their own; "" is nobody known."""
    found = hits(lake, "all there is", at, "vector", who=who, k=ALL, expand=expand, only=only)
    assert len(found) < ALL
    return sorted(found, key=lambda hit: (hit["uri"], hit["ordinal"], hit["chunk_id"]))


def documents(lake: Path, at: str = "live") -> list[dict[str, Any]]:
    """Each document of a release, by its URI."""
    names = ("uri", "doc_id", "title", "author", "media_type", "language", "tags")
    found = {row["uri"]: {name: row[name] for name in names} for row in rows(lake, at)}
    return [found[uri] for uri in sorted(found)]


def visible(lake: Path, at: str = "live", who: str = EVERYBODY, only: str = "") -> list[str]:
    """URIs of the documents that somebody may see at a release, and that pass a filter."""
    return sorted({row["uri"] for row in rows(lake, at, who, only=only)})


def texts(lake: Path, at: str = "live") -> set[tuple[str, str]]:
    """What was embedded for a release: the headings over each chunk, and its text."""
    return {(row["heading"], row["chunk_text"]) for row in rows(lake, at)}


def hits(
    lake: Path,
    text: str,
    at: str,
    mode: str,
    *,
    who: str = EVERYBODY,
    k: int = 3,
    expand: str = "none",
    only: str = "",
) -> list[dict[str, Any]]:
    words = ["--lake", lake, "--at", at, "--mode", mode, "-k", k, "--expand", expand]
    words += ["--as", who] if who else []
    words += ["--filter", only] if only else []
    found: list[dict[str, Any]] = run("query", text, *words)["hits"]
    return found


def first_hits(lake: Path, text: str, at: str, mode: str) -> list[list[str]]:
    """URI and first words of the best passages."""
    return [[hit["uri"], hit["chunk_text"][:40]] for hit in hits(lake, text, at, mode)]


# What is kept beside the releases


def questions(lake: Path) -> list[dict[str, Any]]:
    """The questions of all sets, without their ids."""
    names = [found["set"] for found in run("questions", "list", "--lake", lake)["sets"]]
    listed = [row for name in names for row in run("questions", "list", "--set", name, "--lake", lake)["questions"]]
    return [
        {
            "set": row["set"],
            "text": row["text"],
            "answers": row["answers"],
            "origin": row["origin"],
            "reviewed": row["reviewed"],
            "evidence": [[piece["uri"], piece["quote"], piece["grade"]] for piece in row["evidence"]],
        }
        for row in sorted(listed, key=lambda row: (row["set"], row["text"]))
    ]


def scores(lake: Path, release: str) -> list[list[Any]]:
    """Set, search profile, question, measure and value, of the measures above.

    No command shows the score of a single question, so this asks the public module.
    """
    index = public_module().open_lake(str(lake))
    words = {question.question_id: question.text for question in index.questions()}
    found = [
        [
            row["set"],
            json.loads(row["settings"])["mode"],
            words[row["question_id"]],
            f"{row['level']} {row['measure']}",
            round(row["value"], 6),
        ]
        for row in index.scores(release).to_pylist()
        if (row["level"], row["measure"]) in MEASURES
    ]
    return sorted(found)


def configuration(lake: Path) -> dict[str, Any]:
    """What somebody set; no defaults."""
    found: dict[str, Any] = run("config", "show", "--lake", lake)["set"]
    return found


def feedback(lake: Path) -> list[list[Any]]:
    """Release, question, whether it was useful, document and quote, oldest first."""
    names = ("release", "question", "useful", "uri", "quote")
    return [[row[name] for name in names] for row in run("feedback", "list", "--lake", lake)["judgements"]]


def outcome(told: dict[str, Any]) -> dict[str, Any]:
    """What an ingest did, without what differs from run to run."""
    return {name: told[name] for name in OUTCOME}


OUTCOME = (
    *("published", "added", "changed", "moved", "removed", "unchanged", "n_denied", "n_texts_embedded"),
    *("n_quarantined", "n_documents", "n_parents", "n_chunks"),
)

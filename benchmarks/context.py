"""What each part of the context brings: reports that name their company elsewhere, and pages in folders.

    python -m benchmarks.context [--data FOLDER] [--work FOLDER] [--embedder minilm] [--contexts A,B] [--only reports]

Each set is one lake, ingested again with each context, so that a text is embedded once. ``reports``: twelve annual
reports of invented companies and 60 questions that name one. ``docs-placed``: the sections of the collection ``docs``
in folders and files named as on the web site that they are from.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from urllib.parse import urlsplit

from benchmarks.context_reports import write
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.index import Index, open_lake
from lake.options import RecipeOptions
from lake.schemas.result import SearchResult

MODES = ("vector", "text", "hybrid")
CONTEXTS = (
    *("empty", "headings", "headings+table", "title+headings+table", "headings+table+place"),
    "title+headings+table+place",
)
MEASURES = ("recall@1", "recall@5", "nDCG@10", "figure@5")
_DEEP = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the documents that answer it, a text that a chunk must hold to answer it, and its kind."""

    text: str
    documents: frozenset[str]
    figure: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Set:
    """How files are written, and the questions about them."""

    write: Callable[[Path], object]
    asked: Sequence[Asked] = field(default=())


def report_set(_: Path) -> Set:
    with tempfile.TemporaryDirectory() as folder:
        questions = write(Path(folder))
    asked = [Asked(one.text, frozenset([one.document]), one.figure, one.naming) for one in questions]
    return Set(write, asked)


def placed_set(data: Path) -> Set:
    """The collection ``docs``; a section's file has a number below the folders of its page's path."""
    from quality_sets import documentation, sections_of_documentation

    collection = documentation(data)
    links = [section["chunk_link"] for section in sections_of_documentation(data)]
    pages = [urlsplit(link).path.strip("/").removeprefix("en/") for link in links]
    places = {f"{i:03}.md": f"{page}/{i:03}.md" for i, page in enumerate(pages)}

    def write_all(folder: Path) -> None:
        for name, text in collection.documents.items():
            path = folder / places[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    relevant = {key: frozenset(places[name] for name in judged) for key, judged in collection.relevance.items()}
    return Set(write_all, [Asked(text, relevant[key]) for key, text in collection.questions.items()])


SETS = {"reports": report_set, "docs-placed": placed_set}


def built(files: Path, url: str, settings: RecipeOptions) -> Index:
    job = Job(sources=(str(files),), lake=url, settings=settings, change_recipe=True, publish=True)
    with PlainSteps() as steps:
        outcome = reindex(job, steps)
    if outcome.n_quarantined:
        raise SystemExit(f"{outcome.n_quarantined} documents are in quarantine; see {url}")
    print(f"{settings.context}: {outcome.n_texts_embedded} texts embedded", flush=True)
    return open_lake(url)


def measured(index: Index, asked: Sequence[Asked], mode: str) -> list[tuple[float, ...]]:
    """The MEASURES of each question."""
    return [_of(one, index.search(one.text, _DEEP, mode=mode, expand="none")) for one in asked]


def _of(one: Asked, hits: SearchResult) -> tuple[float, ...]:
    from ir_measures import R, iter_calc, nDCG

    names = list(hits["uri"].to_pylist())
    ranked = list(dict.fromkeys(names))
    run = {"q": {name: -float(rank) for rank, name in enumerate(ranked)}}
    found = {
        str(m.measure): m.value
        for m in iter_calc([R @ 1, R @ 5, nDCG @ 10], {"q": dict.fromkeys(one.documents, 1)}, run)
    }
    texts = hits["text"].to_pylist()[:5]
    has_figure = any(name in one.documents and one.figure in text for name, text in zip(names, texts, strict=False))
    return found["R@1"], found["R@5"], found["nDCG@10"], float(has_figure)


def lines(name: str, made: Set, work: Path, contexts: Sequence[str], embedder: str) -> Iterator[str]:
    files, url = work / name / "files", str(work / name / "lake")
    if not files.exists():
        made.write(files)
    kinds = sorted({one.kind for one in made.asked})
    for context in contexts:
        index = built(files, url, RecipeOptions(embedder=embedder, context=context))
        for mode in MODES:
            rows = measured(index, made.asked, mode)
            for kind in ["", *kinds] if len(kinds) > 1 else [""]:
                chosen = [row for row, one in zip(rows, made.asked, strict=True) if kind in ("", one.kind)]
                figures = " | ".join(f"{fmean(values):.3f}" for values in zip(*chosen, strict=True))
                yield f"| {name} | {context} | {mode} | {kind or 'all'} | {figures} |"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, default=Path())
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-context"))
    words.add_argument("--embedder", default="minilm")
    words.add_argument("--contexts", default=",".join(CONTEXTS))
    words.add_argument("--only", default=",".join(SETS))
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    print(f"| set | context | mode | named in | {' | '.join(MEASURES)} |\n|{'---|' * (4 + len(MEASURES))}")
    for name in chosen.only.split(","):
        for line in lines(name, SETS[name](chosen.data), chosen.work, chosen.contexts.split(","), chosen.embedder):
            print(line, flush=True)


if __name__ == "__main__":
    main()

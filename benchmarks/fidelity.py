"""How many words of real files, as an independent program reads them, are in the canonical text?

    python -m benchmarks.fidelity FOLDER... [--per-format 40] [--markdown FILE]

``fidelity_readers.py`` holds the other readings. It needs soffice, pdftotext and html5lib.
"""

from __future__ import annotations

import argparse
import re
import signal
import statistics
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from benchmarks import fidelity_readers as readers
from lake.errors import InputError
from lake.parse.registry import parse, parser_of

WANTED = 0.98
MAX_BYTES, MAX_SECONDS = 2_000_000, 15
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\xad][ \t]*\r?\n\s*(?=\w)")
_UNSEEN = re.compile("[\xad\u200b\ufeff]")
_WORD = re.compile(r"[^\W_]+")


class Measured(NamedTuple):
    """A file: words of the independent reading, those kept, those that the account names, the most frequent missing."""

    path: Path
    n_words: int
    n_kept: int
    n_named: int
    missing: str
    omitted: str

    @property
    def recall(self) -> float:
        return self.n_kept / self.n_words

    @property
    def named(self) -> float:
        return min(1.0, (self.n_kept + self.n_named) / self.n_words)


def words(text: str) -> Counter[str]:
    """Runs of letters and digits, each as often as it occurs; a hyphen at the end of a line joins.

    >>> sorted(words("Ｒe-\\n  port of 2\u00b2 re\u00adports, snake_case").items())
    [('22', 1), ('case', 1), ('of', 1), ('report', 1), ('reports', 1), ('snake', 1)]
    """
    joined = _UNSEEN.sub("", _HYPHEN.sub("", text))
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", joined).casefold()))


def chosen(folders: Iterable[Path], per_format: int) -> list[Path]:
    """At most ``per_format`` different files of each suffix, in turn from each folder."""
    by_suffix: defaultdict[str, defaultdict[Path, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            suffix = path.suffix.lower()
            if suffix in readers.SUFFIXES and parser_of(path.name) and path.is_file() and not path.is_symlink():
                by_suffix[suffix][path.parent].append(path)
    found = []
    for places in by_suffix.values():
        seen: dict[bytes, Path] = {}
        for path in (path for turn in zip_longest(*places.values()) for path in turn if path):
            if len(seen) < per_format and 0 < path.stat().st_size <= MAX_BYTES:
                seen.setdefault(sha256(path.read_bytes()).digest(), path)
        found.extend(seen.values())
    return found


def _late(*_: object) -> None:
    raise TimeoutError(f"more than {MAX_SECONDS} s")


def measured(path: Path, other: str) -> Measured:
    """Compare a file's canonical text with its other reading. Raises InputError if raglake refuses the file."""
    signal.alarm(MAX_SECONDS)
    try:
        parsed = parse(path.read_bytes(), path.name)
    finally:
        signal.alarm(0)
    wanted, kept = words(other), words(parsed.text)
    missing = wanted - kept
    names = " ".join(f"{word}x{n}" if n > 1 else word for word, n in missing.most_common(12))
    omitted = " ".join(sorted({one.kind for one in parsed.omitted}))
    n_named = sum(one.n_words for one in parsed.omitted)
    return Measured(path, wanted.total(), (wanted & kept).total(), n_named, names, omitted)


def compare(paths: Sequence[Path]) -> tuple[list[Measured], dict[Path, str]]:
    """Each file's measures, and the files that could not be compared, with the cause."""
    results, failed = [], {}
    signal.signal(signal.SIGALRM, _late)
    with tempfile.TemporaryDirectory() as work:
        texts = readers.office(paths, Path(work))
    for path in paths:
        office = path.suffix.lower() in (*readers.TEXTS, *readers.SHEETS, *readers.SLIDES)
        try:
            other = texts[path] if office else readers.read(path)
        except Exception as error:  # noqa: BLE001 - whatever a reader raises for a damaged file
            failed[path] = "other reader: not converted" if office else f"other reader: {type(error).__name__}"
            continue
        if not words(other):
            failed[path] = "other reader: no words"
            continue
        try:
            results.append(measured(path, other))
        except InputError as error:
            failed[path] = f"raglake: {error.error_class}"
        except TimeoutError as error:
            failed[path] = f"raglake: {error}"
    return results, failed


def _fifth(values: Sequence[float]) -> float:
    """The 5th percentile, by nearest rank.

    >>> _fifth([1.0, 0.2, 0.9]), _fifth([n / 100 for n in range(100)])
    (0.2, 0.04)
    """
    return sorted(values)[max(0, -(-len(values) * 5 // 100) - 1)]


def table(results: Sequence[Measured]) -> str:
    """A row for each format."""
    lines = [
        "| format | files | words | median recall | 5th percentile | lowest | with named: 5th percentile | lowest |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for suffix in sorted({one.path.suffix.lower() for one in results}):
        rows = [one for one in results if one.path.suffix.lower() == suffix]
        recalls, named = [one.recall for one in rows], [one.named for one in rows]
        figures = (statistics.median(recalls), _fifth(recalls), min(recalls), _fifth(named), min(named))
        shown = " | ".join(f"{figure:.3f}" for figure in figures)
        lines.append(f"| {suffix[1:]} | {len(rows)} | {sum(one.n_words for one in rows):,} | {shown} |")
    return "\n".join(lines)


def listed(results: Sequence[Measured], failed: dict[Path, str]) -> str:
    """The files below ``WANTED``, lowest first in each format, and those that could not be compared."""
    low = sorted((one for one in results if one.named < WANTED), key=lambda one: (one.path.suffix, one.named))
    lines = ["| file | words | recall | with named | missing | omitted |", "|---|---:|---:|---:|---|---|"]
    for one in low:
        figures = f"{one.n_words:,} | {one.recall:.3f} | {one.named:.3f}"
        lines.append(f"| {one.path.name} | {figures} | {one.missing[:140]} | {one.omitted} |")
    causes = Counter((path.suffix.lower(), cause) for path, cause in failed.items())
    lines += ["", "| not compared | cause | files |", "|---|---|---:|"]
    lines += [f"| {suffix[1:]} | {cause} | {n} |" for (suffix, cause), n in sorted(causes.items())]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--per-format", type=int, default=40, help="files of each suffix, at most")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    options = parser.parse_args()
    results, failed = compare(chosen(options.folders, options.per_format))
    report = f"{table(results)}\n\n{listed(results, failed)}\n"
    print(report)
    if options.markdown:
        options.markdown.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()

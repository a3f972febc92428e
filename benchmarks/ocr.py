"""Words that OCR finds on scans of ten pages of known text, and its CPU time: each clean, noisy, skewed and poor.

python benchmarks/ocr.py [--lost]
"""

from __future__ import annotations

import random
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse import ocr, parse
from lake.parse.account import word_counts

if TYPE_CHECKING:
    from PIL.Image import Image

ROOT = Path(__file__).parent.parent
A4 = (595.0, 842.0)
DPI = 200
#: German, by the authors of this file.
GERMAN = (
    "Der Leuchtturm am äußeren Hafen wurde im Frühjahr gründlich überprüft, weil seine Lampe während der Stürme",
    "mehrfach ausgefallen war. Die Wärter tauschten das gesprungene Glas, prüften sämtliche Schläuche und ölten die",
    "Lager der Drehbühne. Für die Ausführung genügten zwei Tage; größere Schäden fanden sich nicht. Künftig führen sie",
    "ein Tagebuch über jede Störung, damit die Behörde rechtzeitig Ersatzteile bestellen kann. Außerdem müssen alle",
    "Schlüssel im Büro hinterlegt werden. Die Straße zum Kai bleibt bis Mitte März für Fahrzeuge über drei Tonnen",
    "gesperrt. Fußgänger benützen bitte den Weg hinter der Mühle, der abends beleuchtet ist.",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One page: its lines, and how they are set."""

    name: str
    lines: Sequence[str]
    font: str = "Times-Roman"
    size: float = 11.0
    columns: int = 1


def samples() -> Iterator[Sample]:
    """Pages of raglake's own documentation, and one of German."""
    yield Sample("German", [*GERMAN, "", *GERMAN[::-1]])
    styles = [("Times-Roman", 11.0, 1), ("Helvetica", 10.0, 1), ("Times-Roman", 9.0, 2), ("Courier", 9.0, 1)]
    styles += [("Helvetica", 8.0, 2), ("Times-Italic", 12.0, 1), ("Helvetica-Bold", 11.0, 1), ("Times-Roman", 10.0, 2)]
    styles += [("Helvetica", 12.0, 1)]
    names = ["architecture", "guarantees", "search", "ingest", "prefect", "security", "evaluation", "operations", "why"]
    for name, (font, size, columns) in zip(names, styles, strict=True):
        text = (ROOT / f"docs/{name}.md").read_text()
        yield Sample(f"{name}, {font} {size:g}", list(_prose(text)), font, size, columns)


def _prose(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if paragraph[:1].isalpha() and "http" not in paragraph and "](" not in paragraph:
            yield from paragraph.replace("`", "").replace("**", "").split("\n")
            yield ""


def drawn(sample: Sample) -> tuple[bytes, str]:
    """One page of PDF, and the text on it."""
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setFont(sample.font, sample.size)
    width = (A4[0] - 120 - 24 * (sample.columns - 1)) / sample.columns
    lines: list[str] = []
    for line in sample.lines:
        lines += simpleSplit(line, sample.font, sample.size, width) or [""]
    shown: list[str] = []
    for column in range(sample.columns):
        y = 770.0
        while lines and y > 60:
            line = lines.pop(0)
            canvas.drawString(60 + column * (width + 24), y, line)
            shown.append(line)
            y -= 1.3 * sample.size
    canvas.save()
    return out.getvalue(), "\n".join(shown)


def rendered(data: bytes) -> Image:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        return document[0].render(scale=DPI / 72, grayscale=True).to_pil()
    finally:
        document.close()


def clean(image: Image) -> Image:
    return image


def noisy(image: Image) -> Image:
    """Grey paper with grain and specks, slightly out of focus."""
    from PIL import Image as pil
    from PIL import ImageFilter

    paper = image.filter(ImageFilter.GaussianBlur(0.8)).point(lambda value: 40 + value * 0.72)
    grain = pil.effect_noise(image.size, 50)
    mixed = pil.blend(paper, grain, 0.25)
    chance = random.Random(7)
    for _ in range(400):
        mixed.putpixel((chance.randrange(image.width), chance.randrange(image.height)), 0)
    return mixed


def skewed(image: Image) -> Image:
    """Turned by 1.5 degrees."""
    from PIL import Image as pil

    return image.rotate(1.5, pil.Resampling.BICUBIC, fillcolor=255)


def poor(image: Image) -> Image:
    """As from a fast scanner: 150 dpi, hard JPEG compression."""
    smaller = image.resize((image.width * 3 // 4, image.height * 3 // 4))
    out = BytesIO()
    smaller.save(out, "JPEG", quality=25)
    from PIL import Image as pil

    return pil.open(out)


def scanned(image: Image) -> bytes:
    """A PDF that shows only the picture."""
    out = BytesIO()
    image.convert("L").save(out, "PDF", resolution=DPI * image.width / (A4[0] * DPI / 72), quality=95)
    return out.getvalue()


def cpu_seconds() -> float:
    """CPU time of this process and of the engine's so far."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def measured(data: bytes, text: str) -> tuple[float, float, float, Counter[str]]:
    """Recall and precision of words, CPU seconds, and the words that are lost."""
    before = cpu_seconds()
    try:
        found = word_counts(parse(data, "scan.pdf").text)
    except InputError as error:
        print(error)
        found = Counter()
    spent = cpu_seconds() - before
    wanted = word_counts(text)
    right = (wanted & found).total()
    return right / wanted.total(), right / max(1, found.total()), spent, wanted - found


def main() -> None:
    print(f"{ocr.engine()}, {DPI} dpi\n")
    print("| pages | recall | lowest | precision | CPU s a page |\n|---|---|---|---|---|")
    made = [(sample, *drawn(sample)) for sample in samples()]
    everything: list[Any] = []
    for change in (clean, noisy, skewed, poor):
        rows = [measured(scanned(change(rendered(data))), text) for _, data, text in made]
        everything += rows
        _print(change.__name__, rows)
        if "--lost" in sys.argv:
            for (sample, _, _), (recall, precision, _, lost) in zip(made, rows, strict=True):
                print(f"    {sample.name}: {recall:.3f} {precision:.3f} {' '.join(lost)[:150]}")
    _print("all", everything)


def _print(name: str, rows: Sequence[tuple[float, float, float, Counter[str]]]) -> None:
    recalls, precisions, seconds = ([row[i] for row in rows] for i in range(3))
    print(f"| {name} | {mean(recalls):.3f} | {min(recalls):.3f} | {mean(precisions):.3f} | {mean(seconds):.1f} |")


if __name__ == "__main__":
    main()

"""Is the page that a hit reports the page of the evidence? Compared with an index of one document a page.

    python -m benchmarks.pages --out results/pages

Three sets of questions, each with the page that answers it:

- 40 on two generated reports whose text flows over the pages
- 13 on three reports that LibreOffice typesets (``pages_typeset.py``), if it is installed
- with ``--pdfs FOLDER``, 40 on the files that ``pages_questions.py`` names, if the folder holds them

The baseline searches the pages as separate documents, with the same embedder, so that its chunks never cross a page.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

import raglake
from benchmarks.pages_questions import QUESTIONS as REAL
from benchmarks.pages_reports import REPORTS, Report
from benchmarks.pages_typeset import make_pdf

RANKS = (1, 3, 5, 10)
PAGES, QUESTIONS = 50, 20
THINGS = ("bridge", "library", "mill", "ferry", "orchard", "school", "lighthouse", "bakery", "canal", "theatre")
PLACES = ("Arlow", "Brenk", "Corvin", "Dalby", "Elmet", "Farrow", "Gorse", "Hythe", "Ister", "Jarrow", "Kelso", "Lund")
DONORS = (
    "Miller",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Santos",
    "Tanaka",
    "Ueda",
    "Varga",
    "Weiss",
    "Young",
)
FILLERS = (
    "The council met {n} times and took note of the reports of its committees.",
    "Of the {n} applications that were received, most concerned the upkeep of roads and drains.",
    "Members asked for figures in the same form as in earlier years, which the treasurer promised for spring.",
    "Attendance was {n} on average, a little more than the year before.",
    "The committee thanks the volunteers, whose work does not appear in these accounts.",
    "Repairs that could wait were put off until the price of timber falls, and {n} requests stay open.",
)


class Asked(NamedTuple):
    """A question about a PDF, and the page that answers it."""

    pdf: str
    question: str
    page: int
    group: str


class _Placed(Paragraph):
    """A paragraph that notes each page on which a part of it is drawn."""

    def __init__(self, text: str, style: Any, pages: list[int]) -> None:
        super().__init__(text, style)
        self._pages = pages

    def draw(self) -> None:
        self._pages.append(self.canv.getPageNumber())
        super().draw()


def make_report(path: Path, seed: int) -> list[Asked]:
    """Write a report, and return its questions. The sentence that answers one stands within a page."""
    chance, styles = random.Random(seed), getSampleStyleSheet()
    body, story = styles["BodyText"], []
    topics = [(thing, place) for thing in THINGS for place in PLACES]
    chance.shuffle(topics)
    asked: list[tuple[str, list[int]]] = []
    n_facts = PAGES * 2
    for n, (thing, place) in enumerate(topics[:n_facts]):
        if n % 8 == 0:
            story.append(Paragraph(f"{1 + n // 8}. Works and donations, part {1 + n // 8}", styles["Heading2"]))
        donor, cost = chance.choice(DONORS), chance.randint(100, 9000)
        story.extend(Paragraph(_filler(chance), body) for _ in range(chance.randint(1, 3)))
        pages: list[int] = []
        story.append(_Placed(f"The {thing} of {place} was restored with {cost} crowns given by {donor}.", body, pages))
        asked.append((f"Who gave the money to restore the {thing} of {place}?", pages))
        if n % 20 == 10:
            rows = [
                ["place", "members", "dues"],
                *([p, chance.randint(9, 99), chance.randint(99, 999)] for p in PLACES),
            ]
            story.append(Table(rows))
        story.extend(Paragraph(_filler(chance), body) for _ in range(chance.randint(1, 3)))
    SimpleDocTemplate(str(path), pagesize=A4).build(story)
    chosen = chance.sample(asked, QUESTIONS)
    return [Asked(path.name, question, pages[0], "generated") for question, pages in chosen]


def typeset(report: Report, folder: Path) -> list[Asked]:
    """Have LibreOffice make a report, and return its questions."""
    document = pypdfium2.PdfDocument(make_pdf(report, folder))
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    pages = {fact: [n for n, text in enumerate(texts, 1) if fact.evidence in text] for fact in report.facts}
    return [Asked(report.name, fact.question, page, "LibreOffice") for fact, [page] in pages.items()]


def real_files(source: Path, folder: Path) -> list[Asked]:
    """Copy the named files that ``source`` holds to ``folder``, and return their questions."""
    held = {path.name for path in source.glob("*.pdf")}
    for name in {name for name, _, _ in REAL} & held:
        shutil.copy(source / name, folder / name)
    return [Asked(*one, "real") for one in REAL if one[0] in held]


def _filler(chance: random.Random) -> str:
    return " ".join(chance.choice(FILLERS).format(n=chance.randint(2, 400)) for _ in range(chance.randint(3, 8)))


def split_into_pages(pdf: Path, folder: Path) -> None:
    """Each page as a text file ``NAME/NUMBER.txt``."""
    folder.mkdir(parents=True)
    document = pypdfium2.PdfDocument(pdf)
    for index in range(len(document)):
        text = document[index].get_textpage().get_text_range().replace("\r\n", "\n")
        if text.strip():
            (folder / f"{index + 1}.txt").write_text(text, encoding="utf-8")
    document.close()


def measured(work: Path, asked: list[Asked]) -> list[dict[str, Any]]:
    """For each question the pages of raglake's first ten hits, and the baseline's."""
    names = {one.pdf for one in asked}
    for name in names:
        split_into_pages(work / "pdfs" / name, work / "pages" / name)
    lakes = {}
    for kind in ("pdfs", "pages"):
        raglake.ingest(str(work / kind), work / f"lake-{kind}")
        lakes[kind] = raglake.open_lake(str(work / f"lake-{kind}"))
    rows = []
    for one in asked:
        only = {"uri": {"glob": f"**{one.pdf}**"}}
        hits = lakes["pdfs"].search(one.question, k=10, filters={"uri": one.pdf}).to_pylist()
        pages = lakes["pages"].search(one.question, k=10, filters=only).to_pylist()
        rows.append(
            {
                **one._asdict(),
                "raglake": [hit["page"] for hit in hits],
                "baseline": [int(Path(hit["uri"]).stem) for hit in pages],
                "spread": hits[0]["chunk_last_page"] - hits[0]["chunk_first_page"],
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="results/pages")
    parser.add_argument("--pdfs", help="Folder of the files that pages_questions.py names.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "pdfs").mkdir()
        asked = [one for seed in (1, 2) for one in make_report(work / "pdfs" / f"report-{seed}.pdf", seed)]
        if shutil.which("soffice"):
            made = work / "typeset"
            made.mkdir()
            asked += [one for report in REPORTS for one in typeset(report, made)]
            for path in made.glob("*.pdf"):
                shutil.copy(path, work / "pdfs")
        if options.pdfs:
            asked += real_files(Path(options.pdfs), work / "pdfs")
        rows = measured(work, asked)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "pages.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    for group in dict.fromkeys(row["group"] for row in rows):
        _show(group, [row for row in rows if row["group"] == group])
    print(f"best chunk over several pages: {sum(row['spread'] > 0 for row in rows)} of {len(rows)}")


def _show(group: str, rows: list[dict[str, Any]]) -> None:
    """Print how many questions have the right page among the first 1, 3, 5 and 10 hits."""
    for name in ("raglake", "baseline"):
        right = [sum(row["page"] in row[name][:rank] for row in rows) for rank in RANKS]
        print(
            f"{group:11} {name:8} of {len(rows)}: {', '.join(f'{n} at {k}' for n, k in zip(right, RANKS, strict=True))}"
        )


if __name__ == "__main__":
    main()

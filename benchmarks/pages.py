"""Is the page that a hit reports the page of the evidence? Compared with an index of one document a page.

    python -m benchmarks.pages --out results/pages

Makes two reports of about 50 pages whose text flows over the pages, and asks 40 questions. Each is answered by one
sentence whose page is known. The baseline finds the same questions among the pages as separate documents, with the same
embedder and search, so that its chunks never cross a page.

``--real FILE`` adds questions on PDFs of your own: a JSON list of ``{"pdf": PATH, "question": TEXT, "page": NUMBER}``.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

import raglake

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
    return [Asked(path.name, question, pages[0]) for question, pages in chosen]


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
    """For each question the page of raglake's first hit, and the baseline's."""
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
                "reported": hits[0]["page"],
                "ranks": [hit["page"] for hit in hits],
                "baseline": int(Path(pages[0]["uri"]).stem),
                "spread": hits[0]["chunk_last_page"] - hits[0]["chunk_first_page"],
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="results/pages")
    parser.add_argument("--real", help="JSON list of questions on PDFs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "pdfs").mkdir()
        asked = [one for seed in (1, 2) for one in make_report(work / "pdfs" / f"report-{seed}.pdf", seed)]
        for one in json.loads(Path(options.real).read_text(encoding="utf-8")) if options.real else ():
            pdf = Path(one["pdf"])
            (work / "pdfs" / pdf.name).write_bytes(pdf.read_bytes())
            asked.append(Asked(pdf.name, one["question"], one["page"]))
        rows = measured(work, asked)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "pages.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(f"{len(rows)} questions; right page at rank 1:")
    for name in ("reported", "baseline"):
        print(f"  {name:9} {sum(row[name] == row['page'] for row in rows) / len(rows):.3f}")
    print(f"  within ten {sum(row['page'] in row['ranks'] for row in rows) / len(rows):.3f}")
    print(f"  best chunk over several pages: {sum(row['spread'] > 0 for row in rows)}")


if __name__ == "__main__":
    main()

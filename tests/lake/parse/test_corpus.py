"""Every file of the corpus keeps the contract of ParsedDocument and says what its author wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.parse import Block, ParsedDocument, parse

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = sorted(path for path in CORPUS.iterdir() if path.name not in ("README.md", "make_binary_files.py"))

FACTS = {
    "dome-manual.md": "The dome shutter motor draws 4.2 A while it opens.",
    "star-party.mdx": "The car park has room for 35 cars.",
    "weather-station.html": "The mast is 12 metres high and carries an ultrasonic anemometer.",
    "refractor.pdf": "It may only be touched with cotton gloves, never with paper.",
    "safety.docx": "The ladder carries 120 kg.",
    "budget.pptx": "Electricity costs 18,400 a year",
    "stores.xlsx": "| H-alpha | 3.5 | 2021-06-01 |",
    "telescopes.csv": "| Robin | 600 | alt-azimuth | remote use, 8 nights a month |",
    "history.epub": "by the widow of a ship owner, Marit Skaale.",
    "guest-house.odt": "The guest house has six beds  and one\nkitchen.",
    "ferry.rtf": "the crêpe stall on board takes cash only.",
    "mirror-cleaning.eml": "Keep the mirror\nroom below 19°C.",
    "library.rst": "The oldest plates stand in cabinet 7, on the lower shelf.",
    "duty-roster.org": "The night assistant starts at 18:45",
    "keys.txt": "The deposit for a key is 25 €.",
    "cafe-latin1.txt": "Le café ouvre à dix heures",
    "night.log": "gust of 18.3 m/s",
    "cooling.json": "- place: rear\n    rpm: 2200",
    "readings.jsonl": "arcsec: 1.1",
    "lamps.xml": "supplier: Lumen and Sons",
    "photometry.ipynb": "The zero point of the R filter is 22.31 magnitudes.",
    "site.yaml": "tank_litres: 480",
    "dome.py": "SLEW_RATE = 2.5",
    "chart.js": "Temperature in the dome",
    "booking.ts": "more than six hours a night",
    "mast.go": "const MaxWind = 17",
    "shutter.rs": "the upper one first",
    "Plate.java": "Plates before 300 are on nitrate film.",
    "encoder.c": "#define TICKS 14400",
    "backup.sh": "mainland:/archive/frames/",
    "visitors.sql": "CHECK (n <= 60)",
}

STATED = {
    "dome-manual.md": ("Dome manual", "Ines Okafor", "en"),
    "weather-station.html": ("Weather station", "Tom Arvid", "en"),
    "refractor.pdf": ("Great Refractor handbook", "Ines Okafor", "en"),
    "safety.docx": ("Safety rules", "Sela Winther", "en"),
    "budget.pptx": ("Observatory budget", "Tom Arvid", "en"),
    "history.epub": ("A history of Skerry Point", "Bram Olde", "en"),
    "guest-house.odt": ("Guest house", None, "en"),
    "ferry.rtf": ("Ferry times", "Sela Winther", "en"),
    "mirror-cleaning.eml": ("Cleaning the 600 mm mirror", "Ines Okafor <ines@skerry.example>", "en"),
    "duty-roster.org": ("Duty roster", "Sela Winther", "en"),
    "cafe-latin1.txt": (None, None, "fr"),
    "stores.xlsx": (None, None, None),
    "dome.py": (None, None, None),
}

#: A phrase of each file, the kind of its block, the headings above it, and its page.
PLACES = [
    ("dome-manual.md", "# this is not", "code", ("Dome manual", "Opening the shutter", "Commands"), None),
    ("dome-manual.md", "Humidity", "table", ("Dome manual", "Limits"), None),
    ("dome-manual.md", "> Never", "quote", ("Dome manual", "Limits"), None),
    ("dome-manual.md", "green key hangs", "list", ("Dome manual", "Opening the shutter"), None),
    ("weather-station.html", "wind 7.4 m/s", "code", ("Weather station", "Reading the mast"), None),
    ("weather-station.html", "  - since midnight", "list", ("Weather station", "Reading the mast"), None),
    ("weather-station.html", "| Barometer |", "table", ("Weather station", "Calibration"), None),
    ("weather-station.html", "mast.read(sensor)", "paragraph", ("Weather station", "Calibration"), None),
    ("refractor.pdf", "Wind it by 90", "paragraph", ("2 The drive",), 1),
    ("refractor.pdf", "Focus moves", "paragraph", ("3 Focus",), 2),
    ("safety.docx", "- Open both windows", "list", ("Safety rules", "Liquid nitrogen"), None),
    ("safety.docx", "5511", "table", ("Safety rules", "Liquid nitrogen"), None),
    ("budget.pptx", "61,000", "paragraph", ("Plans",), 2),
    ("stores.xlsx", "12.5 mm", "table", ("Eyepieces",), 1),
    ("stores.xlsx", "H-alpha", "table", ("Filters",), 2),
    ("history.epub", "In 1931", "paragraph", ("The fire",), None),
    ("guest-house.odt", "  - observers", "list", ("Guest house", "House rules"), None),
    ("mirror-cleaning.eml", "Who brings", "quote", ("Cleaning the 600 mm mirror",), None),
    ("library.rst", "Plates never leave", "paragraph", ("Library", "Borrowing a plate"), None),
    ("library.rst", "--dpi 2400", "code", ("Library", "Borrowing a plate"), None),
    ("duty-roster.org", "* not a heading", "code", ("Weekdays", "Handover"), None),
    ("photometry.ipynb", "log10", "code", ("Photometry",), None),
    ("dome.py", "shorter way round", "code", ("Dome", "seconds_to"), None),
    ("dome.py", "gap at 271°", "code", ("Dome", "seconds_to"), None),
    ("dome.py", "math.radians", "code", ("air_mass",), None),
    ("chart.js", "points.map((p) => axis", "code", ("drawCurve",), None),
    ("chart.js", "Math.min", "code", ("coldest",), None),
    ("chart.js", "Temperature", "code", ("Legend", "title"), None),
    ("booking.ts", "more than six", "code", ("Calendar", "add"), None),
    ("booking.ts", "telescope: string", "code", ("Booking",), None),
    ("mast.go", "WIND?", "code", ("Mast", "Read"), None),
    ("shutter.rs", "upper one first", "code", ("Shutter", "open"), None),
    ("Plate.java", "number < 300", "code", ("Plate", "isNitrate"), None),
    ("encoder.c", "360.0", "code", ("azimuth",), None),
    ("backup.sh", "rsync", "code", ("copy_frames",), None),
    ("backup.sh", 'copy_frames "$@"', "code", (), None),
    ("site.yaml", "diesel", "code", (), None),
]

LEFT_OUT = {
    "weather-station.html": ("never index me", "Home of all pages", "Copyright notice", "¶"),
    "history.epub": ("The list of chapters",),
    "dome-manual.md": ("author:",),
}


def parsed(name: str) -> ParsedDocument:
    return parse((CORPUS / name).read_bytes(), name)


def block_with(document: ParsedDocument, phrase: str) -> Block:
    position = document.text.index(phrase)
    return next(block for block in document.blocks if block.start <= position < block.end)


def assert_contract(document: ParsedDocument) -> None:
    position = 0
    for block in document.blocks:
        assert position <= block.start < block.end <= len(document.text)
        assert not document.text[position : block.start].strip()
        assert document.text[block.start : block.end].strip()
        assert (block.kind == "heading") == (block.level > 0)
        assert block.kind != "heading" or block.heading[-1] == block.label
        position = block.end
    assert not document.text[position:].strip()
    assert "\r" not in document.text
    assert "\0" not in document.text
    document.text.encode()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_blocks_cover_the_text_and_the_fact_is_in_it(path: Path) -> None:
    document = parse(path.read_bytes(), f"some/folder/{path.name}")
    assert_contract(document)
    assert FACTS[path.name] in document.text
    assert document == parse(path.read_bytes(), path.name)


@pytest.mark.parametrize("name", STATED)
def test_documents_say_title_author_and_language(name: str) -> None:
    document = parsed(name)
    assert (document.title, document.author, document.language) == STATED[name]


@pytest.mark.parametrize(("name", "phrase", "kind", "heading", "page"), PLACES)
def test_phrases_stand_where_the_author_put_them(
    name: str, phrase: str, kind: str, heading: tuple[str, ...], page: int | None
) -> None:
    block = block_with(parsed(name), phrase)
    assert (block.kind, block.heading, block.page) == (kind, heading, page)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_surrounds_the_text_is_left_out(name: str) -> None:
    text = parsed(name).text
    assert not [phrase for phrase in LEFT_OUT[name] if phrase in text]


def test_metadata_keeps_what_has_no_column() -> None:
    assert parsed("dome-manual.md").metadata == {"date": "2024-03-02", "tags": ["dome", "safety"]}
    assert parsed("mirror-cleaning.eml").metadata["attachments"] == ["checklist.pdf"]
    assert parsed("cafe-latin1.txt").metadata == {"encoding": "cp1252"}
    assert parsed("stores.xlsx").metadata == {"sheets": ["Eyepieces", "Filters"]}
    assert parsed("refractor.pdf").metadata == {"pages": 2}


def test_the_chapters_of_a_book_follow_its_spine() -> None:
    labels = [block.label for block in parsed("history.epub").blocks if block.kind == "heading"]
    assert labels == ["The founding", "The fire"]


def test_speaker_notes_follow_their_slide() -> None:
    text = parsed("budget.pptx").text
    assert text.index("# Plans") < text.index("A new dome rail") < text.index("The rail was quoted")

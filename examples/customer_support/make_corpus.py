"""Write the documents of the invented company Tarnwick, and the questions about them: make_corpus.py FOLDER.

FOLDER/documents gets 300 articles, FOLDER/questions.jsonl what raglake questions import takes, and
FOLDER/unanswerable.jsonl the questions that the articles do not answer. The same bytes result on every machine.
"""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import writers
import yaml

HERE = Path(__file__).parent
FAMILIES = ("coffee", "dryers", "mowers", "air", "water", "power")
_RATES = {"Price in pounds": 0.86, "Price in francs": 0.96, "Price in kronor": 11.2}
_MANUALS = {"coffee": "docx", "dryers": "md", "mowers": "html", "air": "pdf", "water": "docx", "power": "md"}
_ERRORS = {"coffee": "md", "dryers": "html", "mowers": "md", "air": "docx", "water": "html", "power": "docx"}
_WRITERS = {"md": writers.markdown, "html": writers.html, "docx": writers.docx, "pdf": writers.pdf}
_CLOSINGS = ("What we found", "Cause", "After a look at it", "Diagnosis")


def world() -> dict[str, Any]:
    """The data of the folder ``world`` by file, and ``products`` by id, each with its family."""
    found = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((HERE / "world").glob("*.yaml"))
    }
    found["products"] = {
        name: {**product, "family": family, "line": found[family]["family"]}
        for family in FAMILIES
        for name, product in found[family]["products"].items()
    }
    return found


def documents() -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each document and of each sidecar."""
    known = world()
    for path in sorted((HERE / "articles").rglob("*.*")):
        yield path.relative_to(HERE / "articles").as_posix(), path.read_bytes()
    for product in known["products"].values():
        yield from of_product(product)
    for family in FAMILIES:
        yield from of_family(family, known[family])
    for key, region in known["regions"].items():
        yield from of_region(key, region)
    yield from tickets(known)
    yield from bulletins(known)
    yield from orders(known)


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def of_product(product: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    name, family, path = product["name"], product["family"], slug(product["name"])
    manual = [
        ("h1", f"{name}: user manual"),
        ("p", f"The {name} is a {product['kind']}."),
        *((kind, text) for title, key in _SECTIONS for kind, text in (("h2", title), ("p", product[key]))),
    ]
    yield f"manuals/{path}.{_MANUALS[family]}", _WRITERS[_MANUALS[family]](manual)
    sheet = [["Property", "Value"], *([label, str(value)] for label, value in product["specs"].items())]
    sheet += [["List price", f"{product['price']:,} euros"], ["In shops since", product["launched"]]]
    title = f"Data sheet {name}, {product['kind']}"
    yield f"datasheets/{path}.html", writers.html([("h1", title), ("table", sheet)])
    codes = [[code, error["means"], error["fix"]] for code, error in product["errors"].items()]
    table = [("h1", f"{name}: what its codes mean"), ("table", [["Code", "Meaning", "What to do"], *codes])]
    yield f"errors/{path}.{_ERRORS[family]}", _WRITERS[_ERRORS[family]](table)
    asked = [block for one in product["faq"] for block in (("h2", one["q"]), ("p", one["a"]))]
    yield f"questions/{path}.md", writers.markdown([("h1", f"Frequent questions about the {name}"), *asked])
    if product["firmware"]:
        notes = [
            b for one in product["firmware"] for b in (("h2", f"{one['version']}, {one['date']}"), ("p", one["text"]))
        ]
        yield f"software/{path}.md", writers.markdown([("h1", f"Software of the {name}"), *notes])


_SECTIONS = (
    ("Before the first use", "setup"),
    ("Daily use", "use"),
    ("Cleaning and care", "care"),
    ("Resetting to factory settings", "reset"),
)


def of_family(family: str, known: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """A price list for everybody, and the stock for staff."""
    chance = random.Random(family)
    parts = [(part, product["name"]) for product in known["products"].values() for part in product["parts"]]
    prices = [
        [
            part["number"],
            part["name"],
            model,
            part["price"],
            *(round(part["price"] * rate, 2) for rate in _RATES.values()),
        ]
        for part, model in parts
    ]
    head = ["Part number", "Part", "Fits", "Price in euros", *_RATES]
    yield f"prices/{slug(known['family'])}.xlsx", writers.xlsx(f"Spare parts {known['family']}"[:31], [head, *prices])
    stock = [
        [
            part["number"],
            part["name"],
            model,
            str(chance.randrange(0, 400)),
            f"{chance.choice('ABCDEF')}{chance.randrange(10, 90)}",
        ]
        for part, model in parts
    ]
    yield f"stock/{family}.csv", _csv([["Part number", "Part", "Fits", "Pieces in stock", "Shelf"], *stock])
    yield f"stock/{family}.csv.meta.json", json.dumps({"acl": ["staff"], "title": f"Stock, {known['family']}"}).encode()


def of_region(key: str, region: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    name = region["name"]
    delivery = [
        ("h1", f"Delivery and returns in {name}"),
        ("h2", "Delivery"),
        ("p", region["delivery"]),
        ("h2", "Returns"),
    ]
    yield f"regions/{key}-delivery.html", writers.html([*delivery, ("p", region["back"])])
    parts = (("Service by phone", "service"), ("Payment", "pay"), ("Old appliances", "old"), ("Please note", "note"))
    blocks = [block for title, part in parts for block in (("h2", title), ("p", region[part]))]
    yield f"regions/{key}-service.md", writers.markdown([("h1", f"Service and payment in {name}"), *blocks])


def tickets(known: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    chance, listed = random.Random("tickets"), [["path", "acl"]]
    for number, (model, subject, problem, finding, outcome) in enumerate(known["tickets"], 4001):
        product, person, agent = (
            known["products"][model],
            chance.choice(known["orders"]["people"]),
            chance.choice(("Dorthe", "Milan", "Yusuf")),
        )
        day = date(2024, 1, 8) + timedelta(days=chance.randrange(1000))
        serial = f"TW{day:%y%m}{chance.randrange(10**5):05d}"
        text = (
            f"{person} wrote about the {product['name']} (serial number {serial}): {problem}.\n\n"
            f"{chance.choice(_CLOSINGS)}: {finding}\n\nOutcome: {outcome}\n\n{agent}, Tarnwick support\n"
        )
        headers = {
            "From": f"{agent} <{agent.lower()}@tarnwick.example>",
            "To": "cases@tarnwick.example",
            "Date": f"{day:%a, %d %b %Y} 1{number % 8}:{number % 60:02d}:00 +0000",
            "Subject": f"Case {number}: {subject}",
        }
        yield f"tickets/case-{number}.eml", writers.mail(headers, text)
        listed.append([f"case-{number}.eml", "staff"])
    yield "tickets/_metadata.csv", _csv(listed)


def bulletins(known: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    listed = [["path", "acl"]]
    for number, one in enumerate(known["bulletins"]):
        name, suffix = known["products"][one["model"]]["name"], "docx" if number % 2 else "md"
        heading = f"Service bulletin {one['id']}: {one['title']} ({name})"
        blocks = [("h1", heading), ("p", f"Issued on {one['date']} for the {name}."), ("p", one["text"])]
        yield f"bulletins/{one['id'].lower()}.{suffix}", _WRITERS[suffix](blocks)
        listed.append([f"{one['id'].lower()}.{suffix}", "staff|partner"])
    yield "bulletins/_metadata.csv", _csv(listed)


def orders(known: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """An invoice for each order, which its customer and billing may see."""
    people, remarks = known["orders"]["people"], known["orders"]["remarks"]
    chance, listed, formats = random.Random("orders"), [["path", "acl"]], ("pdf", "html", "md", "docx")
    for number in range(44):
        order, customer = 70_200 + 7 * number, number % len(people)
        product = chance.choice(list(known["products"].values()))
        parts = chance.sample(product["parts"], chance.randrange(0, 2) + 1)
        lines = [[product["name"], float(product["price"])], *([part["name"], part["price"]] for part in parts)]
        total, region = sum(price for _, price in lines), chance.choice(list(known["regions"].values()))
        day, suffix = (
            date(2025, 1, 6) + timedelta(days=15 * number + chance.randrange(9)),
            formats[number % len(formats)],
        )
        country = region["name"].removeprefix("the ")
        paid = chance.choice(("by card", "by transfer", "with PayPal", "on account"))
        blocks = [
            ("h1", f"Invoice for order {order}"),
            (
                "p",
                f"{people[customer]}, customer {1001 + customer}, {country}. Ordered on {day}, paid {paid}.",
            ),
            (
                "table",
                [["Article", "Euros"], *([name, f"{price:,.2f}"] for name, price in lines), ["Total", f"{total:,.2f}"]],
            ),
            ("p", chance.choice(remarks)),
        ]
        yield f"orders/{order}.{suffix}", _WRITERS[suffix](blocks)
        listed.append([f"{order}.{suffix}", f"customer-{1001 + customer}|billing"])
    yield "orders/_metadata.csv", _csv(listed)


def _csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def questions() -> Iterator[dict[str, Any]]:
    """What ``raglake questions import jsonl`` takes; the first tag is the kind of question."""
    number = 0
    for kind, rows in yaml.safe_load((HERE / "questions.yaml").read_text(encoding="utf-8")).items():
        for text, answer, *evidence in rows:
            number += 1
            pieces = [{"uri": uri, "quote": quote} for uri, quote in zip(evidence[::2], evidence[1::2], strict=True)]
            yield {"id": f"q{number:03}", "question": text, "answers": [answer], "tags": [kind], "evidence": pieces}


def unanswerable() -> Iterator[dict[str, Any]]:
    for number, text in enumerate(yaml.safe_load((HERE / "unanswerable.yaml").read_text(encoding="utf-8")), 1):
        yield {"id": f"u{number:02}", "question": text}


def write(folder: Path) -> None:
    """All of it; replaces the documents that are there."""
    shutil.rmtree(folder / "documents", ignore_errors=True)
    for path, content in documents():
        place = folder / "documents" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    for name, rows in (("questions", questions()), ("unanswerable", unanswerable())):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(Path(sys.argv[1]))

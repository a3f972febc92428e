"""Word (docx): all of a document's parts as text.

The body is flattened first: content controls, tracked changes, fields, text boxes and notes become plain paragraphs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.contents import without_contents
from lake.parse.office.margins import new_words
from lake.parse.office.ooxml import reading
from lake.parse.office.ooxml_package import Omit, Package
from lake.parse.office.word_inline import INLINE
from lake.parse.office.word_items import Item, all_text
from lake.parse.office.word_lists import write_items
from lake.parse.office.word_reader import ParsePart, WordReader

_NOTES = ("footnotes.xml", "endnotes.xml")
_SETTINGS = ("styles", "settings", "websettings", "fonttable", "numbering")


def write_word(package: Package, main: str, writer: TextWriter, omit: Omit, parse_part: ParsePart) -> dict[str, object]:
    """Append the document whose main part is ``main``. Returns headers and footers as metadata.

    ``parse_part`` reads parts of the body in other formats, by their bytes and suffix.

    Raises InputError if the main part can't be read.
    """
    root = package.root(main)
    if root is None:
        raise InputError(f"the part {main!r} can't be read; open the file and save it again", "garbage")
    reader = WordReader(package, main, omit, parse_part, INLINE)
    for name in package.names:
        if (part := package.root(name) if name == main or name.endswith(_NOTES) else None) is not None:
            reader.styles.write_raised(part)
    items = reader.body(root)
    margins, metadata = _margins(reader, items, omit)
    for name in _text_parts(package, main, omit):
        part = None if name in reader.chunks else package.root(name)
        if part is not None:
            writer.read(reading(part))
    write_items(without_contents([*margins, *items], omit), package, main, writer)
    return metadata


def _margins(reader: WordReader, body: Iterable[Item], omit: Omit) -> tuple[list[Item], dict[str, object]]:
    """Headers and footers whose words the body lacks, each once; all of them as metadata."""
    known = set(word_counts("\n".join(all_text(one) for one in body)))
    metadata: dict[str, list[str]] = {}
    kept: list[Item] = []
    for kind, part, items, has_page_field in reader.margins():
        texts = [all_text(one) for one in items]
        if any(texts):
            metadata.setdefault(kind, []).append(one_line("\n".join(texts)))
        told = new_words("\n".join(texts), known, has_page=has_page_field)
        for item, text in zip(items, texts, strict=True):
            new = told & set(word_counts(text)) - known
            if new:
                kept.append(Item(item.text, rows=item.rows))
                known |= new
            else:
                omit("running_line", text, part)
    return kept, {name: list(dict.fromkeys(texts)) for name, texts in metadata.items()}


def _text_parts(package: Package, main: str, omit: Omit) -> Iterator[str]:
    """Parts that hold text that people read; every other XML part holds settings."""
    folder = main.rpartition("/")[0].lower()
    for name in package.names:
        path, _, base = name.lower().rpartition("/")
        if not base.endswith(".xml") or "_rels" in path or not path.startswith(folder):
            continue
        inner = path.removeprefix(folder).strip("/")
        if inner == "glossary" and base.startswith("document"):
            root = package.root(name)
            omit("hidden", "" if root is None else reading(root), f"{name}: building blocks of the template")
            yield name
        elif inner in ("charts", "drawings"):
            if not base.startswith(("style", "colors")):
                yield name
        elif base.startswith("data") if inner == "diagrams" else not inner and not base.startswith(_SETTINGS):
            yield name

"""Front matter in documents whose format has none: nobody may see those whose first paragraphs name an acl."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import docx
import pytest

from lake.ingest.rows import stated_of
from lake.parse.registry import parse
from tests.lake.parse.pdf_files import text_pages

Write = Callable[[list[str]], bytes]


def word(lines: list[str]) -> bytes:
    document, out = docx.Document(), BytesIO()
    for line in lines:
        document.add_paragraph(line)
    document.save(out)
    return out.getvalue()


def flat_opendocument(lines: list[str]) -> bytes:
    spaces = "".join(f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text"))
    text = "".join(f"<text:p>{line}</text:p>" for line in lines)
    kind = 'office:mimetype="application/vnd.oasis.opendocument.text" office:version="1.2"'
    body = f"<office:body><office:text>{text}</office:text></office:body>"
    return f"<office:document{spaces} {kind}>{body}</office:document>".encode()


def tagged(tag: str) -> Write:
    return lambda lines: "".join(f"<{tag}>{line}</{tag}>" for line in lines).encode()


WRITERS: dict[str, tuple[str, Write]] = {
    "word": ("docx", word),
    "opendocument": ("fodt", flat_opendocument),
    "rtf": ("rtf", lambda lines: ("{\\rtf1\\ansi " + "\\par ".join(lines) + "\\par}").encode()),
    "pdf": ("pdf", lambda lines: text_pages([lines])),
    "paragraphs": ("html", tagged("p")),
    "preformatted": ("html", lambda lines: f"<pre>{chr(10).join(lines)}</pre>".encode()),
}
BEFORE, AFTER = ["---", "title: The plan"], ["---", "The crane of the harbour lifts ballast in the morning."]


def seen_by(kind: str, lines: list[str]) -> tuple[object, list[str]]:
    """Who may see the document, with None for everybody, and the remarks that name front matter."""
    suffix, write = WRITERS[kind]
    parsed = parse(write(lines), f"a.{suffix}")
    places = [one.place for one in parsed.omitted if one.place and "front matter" in one.place]
    acl = stated_of('{"acl": null}' if "acl" in parsed.metadata else None, None).get("acl")
    assert "ballast" in parsed.text
    return acl, places


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("stated", [["acl: [staff]"], ["acl:", "- staff"], ["ACL : staff"]])
def test_front_matter_in_paragraphs_that_names_an_acl_closes_its_document(kind: str, stated: list[str]) -> None:
    acl, [remark] = seen_by(kind, [*BEFORE, *stated, *AFTER])
    assert acl == []
    assert "only Markdown has front matter; nobody may see the document" in remark


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    "lines",
    [
        [*BEFORE, "The acl: a ligament of the knee.", *AFTER],
        ["acl: staff", *AFTER],
        ["The plan", "---", "acl: staff", *AFTER],
        [*BEFORE, "acl: a ligament of the knee.", AFTER[1]],
    ],
)
def test_paragraphs_that_are_no_front_matter_leave_their_document_open(kind: str, lines: list[str]) -> None:
    assert seen_by(kind, lines) == (None, [])

"""Files that can't be indexed are refused quickly, each for its true reason."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from time import thread_time

import pytest

from lake.errors import InputError
from lake.parse import parse

CORPUS = Path(__file__).parents[2] / "corpus"
NOISE = random.Random(7).randbytes(4096)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><z>&d;</z>"""


def corpus(name: str) -> bytes:
    return (CORPUS / name).read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def without(name: str, member: str) -> bytes:
    with zipfile.ZipFile(CORPUS / name) as archive:
        return zipped({info: archive.read(info) for info in archive.namelist() if info != member})


def scanned_pdf() -> bytes:
    """The corpus's PDF with all of its text painted away."""
    data = corpus("refractor.pdf")
    return data.replace(b" Tj", b"   ")


def locked_pdf() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(CORPUS / "refractor.pdf"))
    writer.encrypt("lighthouse", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def locked_office_file() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500


def nested_json(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


ATTRIBUTES = " ".join(f"a{n}='x=1 y'" for n in range(40_000))
BAD = {
    "empty": ("a.txt", b"", "empty"),
    "white space": ("a.md", b" \n\t\r\n ", "empty"),
    "only a byte order mark": ("a.txt", b"\xef\xbb\xbf", "empty"),
    "drawing": ("a.xcf", NOISE, "unsupported"),
    "old Word file": ("a.doc", NOISE, "unsupported"),
    "noise named md": ("a.md", NOISE, "garbage"),
    "noise named txt": ("a.txt", NOISE, "garbage"),
    "noise without zeros": ("a.txt", NOISE.replace(b"\0", b""), "garbage"),
    "noise named html": ("a.html", NOISE, "garbage"),
    "a word in no known encoding": ("a.txt", "Łódź".encode("cp1250"), "encoding"),
    "PDF with a password": ("a.pdf", locked_pdf(), "encrypted"),
    "half a PDF": ("a.pdf", corpus("refractor.pdf")[:900], "truncated"),
    "garbage after %PDF": ("a.pdf", b"%PDF-1.7\n" + NOISE[:2000], "garbage"),
    "noise named pdf": ("a.pdf", NOISE, "garbage"),
    "PDF without a text layer": ("a.pdf", scanned_pdf(), "no_text"),
    "noise named docx": ("a.docx", NOISE, "garbage"),
    "zip that is no docx": ("a.docx", zipped({"hello.txt": b"hello"}), "garbage"),
    "half a docx": ("a.docx", corpus("safety.docx")[:20000], "truncated"),
    "docx without its text": ("a.docx", without("safety.docx", "word/document.xml"), "garbage"),
    "docx with a password": ("a.docx", locked_office_file(), "encrypted"),
    "zip bomb": ("a.docx", zipped({"word/document.xml": b" " * (64 << 20)}), "zip_bomb"),
    "zip bomb as xlsx": ("a.xlsx", zipped({"xl/workbook.xml": b" " * (64 << 20)}), "zip_bomb"),
    "noise named xlsx": ("a.xlsx", NOISE, "garbage"),
    "noise named xls": ("a.xls", NOISE, "garbage"),
    "epub without its package": ("a.epub", without("history.epub", "book/package.opf"), "garbage"),
    "noise named msg": ("a.msg", NOISE, "garbage"),
    "noise named rtf": ("a.rtf", NOISE, "garbage"),
    "noise named odt": ("a.odt", NOISE, "garbage"),
    "text named eml": ("a.eml", b"just words\n\nand more words", "garbage"),
    "mail without a word": ("a.eml", b"From: x@example.org\nMIME-Version: 1.0\n\n", "no_text"),
    "5000 nested divs": ("a.html", b"<div>" * 5000 + b"deep" + b"</div>" * 5000, "too_deep"),
    "page of images": ("a.html", b"<html><body><img src='a.png'></body></html>", "no_text"),
    "billion laughs": ("a.xml", BOMB, "entity_bomb"),
    "XML of attributes": ("a.xml", f"<a {ATTRIBUTES}/>".encode(), "too_large"),
    "page of attributes": ("a.html", f"<p {ATTRIBUTES}>words".encode(), "too_large"),
    "half an XML": ("a.xml", corpus("lamps.xml")[:250], "truncated"),
    "XML of words": ("a.xml", b"these are words", "garbage"),
    "nested XML": ("a.xml", b"<a>" * 5000 + b"x" + b"</a>" * 5000, "too_deep"),
    "half a JSON": ("a.json", corpus("cooling.json")[:90], "truncated"),
    "JSON of words": ("a.json", b"these are words", "garbage"),
    "nested JSON": ("a.json", nested_json(500), "too_deep"),
    "very nested JSON": ("a.json", nested_json(100_000), "too_deep"),
    "cut JSON lines": ("a.jsonl", corpus("readings.jsonl").split(b"\n")[0][:-20], "truncated"),
    "notebook of numbers": ("a.ipynb", b"[1, 2]", "garbage"),
}


@pytest.mark.parametrize(("uri", "data", "error_class"), BAD.values(), ids=BAD)
def test_bad_files_are_refused_for_their_true_reason(uri: str, data: bytes, error_class: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse(data, uri)
    assert refusal.value.error_class == error_class, str(refusal.value)
    assert len(str(refusal.value)) > 30


def test_a_mailbox_among_documents_names_the_command_that_reads_it() -> None:
    with pytest.raises(InputError) as refusal:
        parse(b"From ida@example.org Mon Mar 14 09:30:00 2031\nSubject: Nets\n\nMend them.\n", "old mail/in.mbox")
    assert refusal.value.error_class == "unsupported"
    assert str(refusal.value).endswith(": raglake ingest 'mail=mbox:old mail/in.mbox' --lake LAKE")


BOMB_OF_ATTRIBUTES = (
    ":a: x\n" + "".join(f":a{n}: " + ("{a%s}" % (n - 1 if n else "")) * 16 + "\n" for n in range(6)) + "\n{a5}\n"
)
HOSTILE = {
    "20k nested brackets": ("a.md", b"[" * 20_000 + b"]" * 20_000),
    "5000 nested quotes": ("a.md", b">" * 5000 + b" deep"),
    "20k emphasis marks in a heading": ("a.md", b"# " + b"*a_" * 20_000),
    "5 MB line": ("a.txt", b"word " * 1_000_000),
    "wide table row": ("a.csv", b",".join(b"%d" % i for i in range(20_000))),
    "attributes of attributes": ("a.adoc", BOMB_OF_ATTRIBUTES.encode()),
    "a long attribute": ("a.adoc", b":a: " + b"x" * 10_000 + b"\n\n" + b"{a} " * 10_000),
    "spaces in a heading": ("a.md", b"k" + b" " * 60_000 + b"\n---\nwords"),
    "front matter of aliases": ("a.md", b"---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n---\nwords"),
}


@pytest.mark.parametrize(("uri", "data"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_read_in_a_moment(uri: str, data: bytes) -> None:
    began = thread_time()
    assert parse(data, uri).blocks
    assert thread_time() - began < 2

# ruff: noqa: E501 (items are easier to read on one line)
"""Outlook items: bodies in their charset, fields, attached texts and messages; other attachments are named."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from tests.lake.parse.outlook_files import ADDRESS, APPOINTMENT, PUBLIC, TASK, Outlook, Tree

SUBJECT, BODY, PAGE = 0x0037, 0x1000, 0x1013
RUSSIAN = "Смотритель маяка зажигает лампу каждый вечер, и корабли видят её издалека."


@pytest.fixture
def outlook() -> Outlook:
    return Outlook()


def read(outlook: Outlook, message: Tree) -> ParsedDocument:
    parsed = parse(outlook.file(message), "a.msg")
    assert account_of(parsed).n_words_lost == 0
    return parsed


def test_who_wrote_to_whom_and_when(outlook: Outlook) -> None:
    people = [outlook.person("Bob", "bob@example.org"), outlook.person("Cy", "cy@example.org", 2)]
    sent = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    parsed = read(
        outlook,
        outlook.message(
            {SUBJECT: "Oil", BODY: "Four barrels.", 0x0C1A: "Ada", 0x0C1F: "ada@example.org", 0x39: sent}, people=people
        ),
    )
    assert (parsed.text, parsed.title, parsed.author) == ("# Oil\n\nFour barrels.", "Oil", '"Ada" <ada@example.org>')
    assert parsed.metadata == {"to": "Bob <bob@example.org>", "cc": "Cy <cy@example.org>", "date": sent.isoformat()}


def test_the_sender_in_the_headers_is_decoded(outlook: Outlook) -> None:
    headers = "From: =?utf-8?q?K=C3=B6ln?= <k@example.org>\r\nTo: x\r\n"
    assert (
        read(outlook, outlook.message({SUBJECT: "Oil", BODY: "Text.", 0x007D: headers})).author
        == "Köln <k@example.org>"
    )


@pytest.mark.parametrize("stated", [{}, {0x3FDE: 1251}, {0x3FFD: 1251}, {0x3FDE: 28591}, {0x3FDE: 99_999}])
def test_bodies_of_eight_bits_are_read_in_the_charset_that_fits(outlook: Outlook, stated: dict[int, int]) -> None:
    parsed = read(
        outlook,
        outlook.message({SUBJECT: ("Маяк".encode("cp1251"), True), BODY: (RUSSIAN.encode("cp1251"), True), **stated}),
    )
    assert parsed.text == f"# Маяк\n\n{RUSSIAN}"


def test_attached_texts_are_read_and_other_files_named(outlook: Outlook) -> None:
    attached = [
        outlook.attachment("list.csv", b"name;number\nrope;4\n", "text/csv"),
        outlook.attachment("Öl.txt", b"Oil is low. " * 400),
        outlook.attachment("b.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Delivery\nEND:VEVENT\nEND:VCALENDAR"),
        outlook.attachment("c.vcf", b"BEGIN:VCARD\nFN:Ada Lamp\nTEL;WORK:4711\nEND:VCARD"),
        outlook.attachment("d.eml", b"Subject: Older\nFrom: x@example.org\n\nThe older text."),
        outlook.attachment("plan.pdf", b"%PDF-1.7", "application/pdf"),
    ]
    parsed = read(outlook, outlook.message({SUBJECT: "Oil", BODY: "See below."}, attached))
    for part in (
        "## list.csv\n\n| name | number |\n| --- | --- |\n| rope | 4 |",
        "## Öl.txt\n\nOil is low.",
        "Summary: Delivery",
        "Ada Lamp\nTelephone (work): 4711",
        "## Older",
        "The older text.",
    ):
        assert part in parsed.text
    assert parsed.metadata["attachments"] == ["list.csv", "Öl.txt", "b.ics", "c.vcf", "d.eml", "plan.pdf"]
    assert [one.place for one in parsed.omitted if one.kind == "attachment"] == ["plan.pdf"]


def test_messages_inside_messages_are_read(outlook: Outlook) -> None:
    innermost = outlook.message({SUBJECT: "Third", BODY: "The third body."}, inner=True)
    inner = outlook.message(
        {SUBJECT: "Second", BODY: "The second body.", 0x0C1F: "b@example.org"},
        [outlook.attachment("third", innermost), outlook.attachment("n.txt", b"A note.", "text/plain")],
        inner=True,
    )
    parsed = read(
        outlook, outlook.message({SUBJECT: "First", BODY: "The first body."}, [outlook.attachment("second", inner)])
    )
    assert parsed.text == (
        "# First\n\nThe first body.\n\n## Second\n\nFrom: <b@example.org>\n\nThe second body.\n\n"
        "## Third\n\nThe third body.\n\n## n.txt\n\nA note."
    )


def test_what_is_attached_to_nothing_but_a_signature_is_read(outlook: Outlook) -> None:
    signed = b'Content-Type: multipart/signed; boundary="A"\n\n--A\nContent-Type: text/plain\n\nThe signed text.\n--A\nContent-Type: application/pkcs7-signature; name=smime.p7s\n\nxx\n--A--\n'
    parsed = read(
        outlook, outlook.message({SUBJECT: "Signed"}, [outlook.attachment("smime.p7m", signed, "multipart/signed")])
    )
    assert "The signed text." in parsed.text


def test_a_sealed_message_says_so(outlook: Outlook) -> None:
    with pytest.raises(InputError, match="no text"):
        parse(
            outlook.file(outlook.message({}, [outlook.attachment("smime.p7m", b"0\x80", "application/pkcs7-mime")])),
            "a.msg",
        )


def test_fields_of_a_contact(outlook: Outlook) -> None:
    key = outlook.key
    contact = outlook.message({
        SUBJECT: "Ada Lamp", 0x3A16: "Harbour", 0x3A17: "Keeper", 0x3A08: "+49 4711", 0x3A58: ["Bo", "Cy"],
        0x3A42: datetime(1970, 1, 31, tzinfo=UTC), 0x3A5D: "Quay 7", 0x3A59: "Kiel", BODY: "Likes salt.",
        key(ADDRESS, 0x801B): "Pier 4\r\n24103 Kiel", key(ADDRESS, 0x8083): "ada@example.org", key(ADDRESS, 0x8080): "Ada",
    })  # fmt: skip
    assert read(outlook, contact).text.split("\n\n") == [
        "# Ada Lamp",
        "Company: Harbour\nJob title: Keeper\nChildren: Bo, Cy\nBusiness telephone: +49 4711\nBirthday: 1970-01-31\n"
        "Business address: Pier 4 24103 Kiel\nHome address: Quay 7, Kiel\nMail address: Ada <ada@example.org>",
        "Likes salt.",
    ]


def test_fields_of_appointments_tasks_and_forms(outlook: Outlook) -> None:
    key = outlook.key
    item = outlook.message({
        SUBJECT: "Delivery", key(APPOINTMENT, 0x8208): "Quay 7", key(APPOINTMENT, 0x820D): datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        key(APPOINTMENT, 0x820E): datetime(4501, 1, 1, tzinfo=UTC), key(TASK, 0x8101): 3, key(TASK, 0x8102): 0.25,
        key(PUBLIC, "Keywords"): ["Red", "Blue"], key(PUBLIC, "Contract"): "K-4711", key(PUBLIC, "Paid"): True,
        key(PUBLIC, "Barrels"): 4.5, key(PUBLIC, "http://schemas.example.org/x"): "noise",
    })  # fmt: skip
    assert read(outlook, item).text.split("\n\n")[1].split("\n") == [
        "Location: Quay 7", "Start: 2026-03-01 09:30 UTC", "Status: waiting for somebody", "Done: 25%",
        "Categories: Red, Blue", "Contract: K-4711", "Paid: yes", "Barrels: 4.5",
    ]  # fmt: skip


def test_members_of_a_list(outlook: Outlook) -> None:
    head = bytes(4) + bytes.fromhex("812b1fa4bea310199d6e00dd010f5402") + b"\0\0"
    wide = head + b"\x01\x80" + "Ada\0SMTP\0ada@example.org\0".encode("utf-16-le")
    narrow = head + b"\x01\x00" + b"Bo\0SMTP\0bo@example.org\0"
    members = outlook.message({SUBJECT: "Keepers", outlook.key(ADDRESS, 0x8054): [wide, narrow, b"short"]})
    assert read(outlook, members).text == "# Keepers\n\nMember: Ada <ada@example.org>\nMember: Bo <bo@example.org>"


def test_damaged_files_are_refused_or_read(outlook: Outlook) -> None:
    """Wherever a file is cut or a byte is wrong, the parser ends with a document or with a reason."""
    whole = outlook.file(
        outlook.message({SUBJECT: "Oil", BODY: "Four barrels."}, [outlook.attachment("n.txt", b"A note. " * 700)])
    )
    reasons = set()
    for place in range(0, len(whole), 97):
        for data in (whole[:place], whole[:place] + b"\xff" + whole[place + 1 :]):
            try:
                parse(data, "a.msg")
            except InputError as error:
                reasons.add(error.error_class)
    assert "crash" not in reasons
    assert "garbage" in reasons


@pytest.mark.parametrize("kind", ["multipart/signed", "application/pkcs7-mime", "application/octet-stream", ""])
def test_a_message_in_its_signature_is_read(outlook: Outlook, kind: str) -> None:
    signed = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/signed;\r\n boundary=x\r\n\r\n--x\r\n\r\nFour barrels.\r\n--x\r\n"
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nAA\r\n--x--\r\n"
    )
    message = outlook.message({SUBJECT: "Oil"}, [outlook.attachment("smime.p7m", signed, kind)])
    assert read(outlook, message).text == "# Oil\n\nFour barrels."


def test_a_file_without_a_name_is_read_by_its_ending(outlook: Outlook) -> None:
    unnamed = outlook.item(8, {0x3703: ".txt", 0x3701: b"Four barrels."})
    assert (
        read(outlook, outlook.message({SUBJECT: "Oil"}, [unnamed])).text == "# Oil\n\n## unnamed.txt\n\nFour barrels."
    )


def test_messages_with_the_same_content_id_are_all_read(outlook: Outlook) -> None:
    inner = [outlook.message({SUBJECT: name, BODY: f"{name} text"}, inner=True) for name in ("One", "Two")]
    attached = [outlook.item(8, {0x3712: "a@b", 0x3705: 5}, **{"__substg1.0_3701000D": one}) for one in inner]
    assert read(outlook, outlook.message({SUBJECT: "Oil"}, attached)).text.count("text") == 2


@pytest.mark.parametrize(
    ("page", "charset", "subject"),
    [
        (932, "cp932", "灯台の油"),
        (936, "gb18030", "灯塔的油"),
        (1255, "cp1255", "שמן"),
        (50220, "iso2022_jp", "灯台の油"),
    ],
)
@pytest.mark.parametrize("key", [0x3FDE, 0x3FFD])
def test_subjects_of_eight_bits(outlook: Outlook, key: int, page: int, charset: str, subject: str) -> None:
    message = outlook.message({SUBJECT: (subject.encode(charset), True), BODY: "Text.", key: page})
    assert read(outlook, message).title == subject


@pytest.mark.parametrize("n_bytes", [0, 8, 31, 40])
def test_properties_that_are_cut_off_cost_no_text(outlook: Outlook, n_bytes: int) -> None:
    message = outlook.message({SUBJECT: "Oil", BODY: "Four barrels."})
    properties = message["__properties_version1.0"]
    assert isinstance(properties, bytes)
    assert read(outlook, {**message, "__properties_version1.0": properties[:n_bytes]}).text == "# Oil\n\nFour barrels."


def test_a_page_in_the_rtf_body_is_read_if_there_is_no_other_body(outlook: Outlook) -> None:
    page = (
        rb"{\rtf1\ansi\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\*\htmltag64 <table><tr><td>}Lamp{\*\htmltag72 </td>}"
        rb"{\*\htmltag64 <td>}Watts{\*\htmltag72 </td></tr>}{\*\htmltag64 <tr><td>}\htmlrtf {\b\htmlrtf0 P1\htmlrtf }"
        rb"\htmlrtf0{\*\htmltag72 </td>}{\*\htmltag64 <td>}40{\*\htmltag72 </td></tr></table>}}"
    )
    stored = struct.pack("<IIII", len(page) + 12, len(page), 0x414C454D, 0) + page
    parsed = read(outlook, outlook.message({SUBJECT: "Oil", 0x1009: stored}))
    assert parsed.text == "# Oil\n\n| Lamp | Watts |\n| --- | --- |\n| P1 | 40 |"

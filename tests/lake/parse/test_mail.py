# ruff: noqa: E501 (mails are easier to read on one line)
"""Mail: every text part is read, in order, in its true charset; what is not read is named."""

from __future__ import annotations

from base64 import b64encode
from email.message import EmailMessage

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from lake.parse.mail.packed_rtf import unpacked

HEAD = "From: Keeper <keeper@example.org>\nTo: harbour@example.org\nSubject: Oil\nMIME-Version: 1.0\n"
KOELN = "Die Lieferung f\u00fcr K\u00f6ln kommt sp\u00e4ter."
CZECH = (
    "P\u0159\u00edli\u0161 \u017elu\u0165ou\u010dk\u00fd k\u016f\u0148 \u00fap\u011bl \u010f\u00e1belsk\u00e9 \u00f3dy."
)


def read(mail: str | bytes) -> ParsedDocument:
    parsed = parse(mail.encode() if isinstance(mail, str) else mail, "a.eml")
    assert account_of(parsed).n_words_lost == 0
    return parsed


def one(body: bytes, kind: str = "text/plain", *fields: str) -> bytes:
    return "\n".join((f"{HEAD}Content-Type: {kind}", *fields, "", "")).encode() + body


def several(kind: str, *parts: str) -> str:
    inner = "".join(f"--A\n{part}\n" for part in parts)
    return f'{HEAD}Content-Type: multipart/{kind}; boundary="A"\n\n{inner}--A--\n'


def part(text: str, kind: str = "text/plain; charset=utf-8", fields: str = "") -> str:
    return f"Content-Type: {kind}\n{fields}\n{text}"


BODIES = {
    "no content type": (HEAD.encode() + b"\n" + KOELN.encode(), KOELN),
    "no charset": (one(KOELN.encode()), KOELN),
    "ASCII declared, UTF-8 written": (one(KOELN.encode(), "text/plain; charset=us-ascii"), KOELN),
    "ASCII declared, Latin-1 written": (one(KOELN.encode("latin-1"), "text/plain; charset=us-ascii"), KOELN),
    "UTF-8 declared, Windows-1250 written": (one(CZECH.encode("cp1250"), "text/plain; charset=utf-8"), CZECH),
    "a name of Windows": (one("\uc548\ub155\ud558\uc138\uc694".encode("cp949"), "text/plain; charset=x-windows-949"), "\uc548\ub155\ud558\uc138\uc694"),
    "unknown-8bit": (one(KOELN.encode("cp1252"), "text/plain; charset=unknown-8bit"), KOELN),
    "an unknown charset": (one(CZECH.encode("cp1250"), "text/plain; charset=nonsense"), CZECH),
    "ISO-2022-JP": (one("\u706f\u53f0\u5b88".encode("iso2022_jp"), "text/plain; charset=iso-2022-jp"), "\u706f\u53f0\u5b88"),
    "UTF-7": (one("K\u00f6ln".encode("utf-7"), "text/plain; charset=utf-7"), "K\u00f6ln"),
    "a charset in the page": (one(b"<meta charset=iso-8859-2><p>" + CZECH.encode("iso8859-2"), "text/html"), CZECH),
    "a BOM before the headers": (b"\xef\xbb\xbf" + one(b"after a BOM"), "after a BOM"),
    "a BOM before the body": (one(b"\xef\xbb\xbfafter a BOM", "text/plain; charset=utf-8"), "after a BOM"),
    "UTF-16": (one(b"after a BOM").decode().encode("utf-16"), "after a BOM"),
    "quoted-printable with errors": (one(b"K=C3=B6ln =ZZ cost=", "text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"), "K\u00f6ln =ZZ cost"),
    "base64 without padding": (one(b"VGhlIGxhbXAga2VlcGVy\nIHdyb3Rl", "text/plain", "Content-Transfer-Encoding: base64"), "The lamp keeper wrote"),
    "an unknown transfer encoding": (one(b"The lamp", "text/plain", "Content-Transfer-Encoding: 7-bit"), "The lamp"),
    "flowed lines": (one(b"one \ntwo \nthree\n> a \n> b", "text/plain; format=flowed"), "one two three\n\n> a b"),
    "enriched text": (one(b"<bold>Oil</bold> and <<rope>", "text/enriched"), "Oil and <rope>"),
    "a boundary that never comes": (one(b"words without parts", 'multipart/mixed; boundary="X"'), "words without parts"),
    "a line of an mbox": (b"From keeper Mon Mar  3 10:00:00 2031\n" + one(b"The lamp"), "The lamp"),
    "a signature": (one(b"Oil\n\n-- \nIda, harbour master"), "-- \nIda, harbour master"),
}  # fmt: skip


@pytest.mark.parametrize(("mail", "text"), BODIES.values(), ids=BODIES)
def test_a_body_is_read(mail: bytes, text: str) -> None:
    assert text in read(mail).text


def test_a_subject_alone_is_a_text() -> None:
    assert read(f"{HEAD}\n").text == "# Oil"
    parsed = read(several("mixed", part("", "application/zip", "Content-Disposition: attachment; filename=oil.zip\n")))
    assert (parsed.text, parsed.metadata["attachments"]) == ("# Oil", ["oil.zip"])
    with pytest.raises(InputError, match="no text in the body"):
        read("From: keeper@example.org\n\n")


def test_every_text_part_is_read_in_order() -> None:
    forwarded = f"From: Ida\nSubject: Rope\nDate: Mon, 3 Mar 2031\n\n{KOELN}"
    found = read(
        several(
            "mixed", part("first"), part(forwarded, "message/rfc822"), part("<p>second</p>", "text/html"), part("third")
        )
    )
    places = [found.text.index(words) for words in ("first", "## Rope", "From: Ida", KOELN, "second", "third")]
    assert places == sorted(places)


def test_a_digest_is_read() -> None:
    found = read(several("digest", "\nSubject: One\n\nalpha", "\nSubject: Two\n\nbeta"))
    assert all(words in found.text for words in ("## One", "alpha", "## Two", "beta"))


def test_a_report_on_a_delivery_is_read() -> None:
    status = part(
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ida@example.org\nStatus: 5.1.1", "message/delivery-status"
    )
    found = read(
        several("report", part("It could not be delivered."), status, part("Subject: Rope", "text/rfc822-headers"))
    )
    assert all(words in found.text for words in ("be delivered", "ida@example.org", "5.1.1", "Rope"))


def test_alternatives_are_said_once() -> None:
    found = read(
        several("alternative", part("The vote ends Sunday."), part("<p>The <b>vote</b> ends Sunday.</p>", "text/html"))
    )
    assert found.text == "# Oil\n\nThe vote ends Sunday."
    assert [(gone.kind, gone.n_words) for gone in found.omitted] == [("repeated", 4)]


def test_a_page_behind_a_stub_is_read() -> None:
    page = "<h1>Outage</h1><p>The crane is out of service until Thursday. Call extension 4411, or write to the harbour.</p>"
    found = read(several("alternative", part("Please use HTML."), part(page, "text/html")))
    assert "extension 4411" in found.text
    empty = read(several("alternative", part(" "), part(page, "text/html")))
    assert "extension 4411" in empty.text


def test_words_of_a_page_that_the_plain_part_lacks_are_kept() -> None:
    page = "<p>The vote ends on Sunday at noon.</p><p>Quorum: eleven members.</p>"
    found = read(several("alternative", part("The vote ends on Sunday at noon."), part(page, "text/html")))
    assert found.text.count("Sunday") == 1
    assert "eleven members" in found.text


def test_an_invitation_is_read() -> None:
    calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Lamp\\, oil\nDESCRIPTION:Bring\n  rope\nLOCATION:Pier 4\nEND:VEVENT\nEND:VCALENDAR"
    found = parse(
        several("alternative", part("See the invitation."), part(calendar, "text/calendar")).encode(), "a.eml"
    )
    assert "Summary: Lamp, oil" in found.text
    assert "Location: Pier 4" in found.text


def test_an_invitation_attached_again_is_said_once() -> None:
    calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:4\nSUMMARY:Oil\nLOCATION:Pier 4\nEND:VEVENT\nEND:VCALENDAR"
    attached = part(calendar, "application/ics; name=invite.ics", "Content-Disposition: attachment\n")
    found = read(several("mixed", part(calendar, "text/calendar; method=REQUEST"), attached))
    assert found.text.count("Location: Pier 4") == 1
    assert [gone.n_words for gone in found.omitted if gone.kind == "repeated"] == [5]


def test_a_calendar_that_is_said_already_may_still_state_rights() -> None:
    calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Oil\nEND:VEVENT\nEND:VCALENDAR"
    closed = part(f"---\nacl: [board]\n---\n{calendar}", "text/calendar")
    first = read(several("mixed", part(f"---\n{calendar}", "text/calendar"), closed))
    assert first.metadata["acl"] is None


def test_a_malformed_calendar_takes_no_longer_than_another() -> None:
    many = "BEGIN:VTIMEZONE\n" * 20_000 + "ATTENDEE" + ";A" * 500 + '\nATTENDEE;MEMBER="a:b","c:d":mailto:keeper\n'
    parsed = read(part(f"BEGIN:VCALENDAR\n{many}END:VCALENDAR", "text/calendar"))
    assert parsed.text == "ATTENDEE" + ";A" * 500 + "\nAttendee: mailto:keeper"


def test_attached_texts_are_read_and_other_files_are_named() -> None:
    disposition = 'Content-Disposition: attachment; filename="{}"\n'
    found = read(
        several(
            "mixed",
            part("See below."),
            part("the board chose copper", "text/plain", disposition.format("minutes.txt")),
            part("JVBERi0=", "application/pdf", "Content-Transfer-Encoding: base64\n" + disposition.format("plan.pdf")),
            part("lamp;4711", "application/octet-stream", disposition.format("stock.csv")),
            part("rope;4712", "application/vnd.ms-excel", disposition.format("rope.csv")),
        )
    )
    assert "## minutes.txt\n\nthe board chose copper" in found.text
    assert "| lamp | 4711 |" in found.text
    assert "| rope | 4712 |" in found.text
    assert found.metadata["attachments"] == ["minutes.txt", "plan.pdf", "stock.csv", "rope.csv"]
    assert [(gone.kind, gone.place) for gone in found.omitted] == [("attachment", "plan.pdf")]


def test_signed_and_sealed_parts() -> None:
    signed = read(several("signed", part("The signed words."), part("abc", "application/pgp-signature")))
    assert "The signed words." in signed.text
    sealed = part("MIAG", 'application/pkcs7-mime; name="smime.p7m"', "Content-Transfer-Encoding: base64\n")
    found = read(several("mixed", part("Hello."), sealed))
    assert [gone.kind for gone in found.omitted] == ["attachment", "unreadable"]


def element(tag: int, content: bytes, *, ends_by_mark: bool = False) -> bytes:
    return bytes([tag, 0x80]) + content + b"\0\0" if ends_by_mark else bytes([tag, len(content)]) + content


def wrapped(content: bytes, *, kind: int = 2, ends_by_mark: bool = False) -> str:
    """A part that is signed (2) or enveloped (3), in DER or as programs write that do not know its length."""

    def put(tag: int, *inside: bytes) -> bytes:
        return element(tag, b"".join(inside), ends_by_mark=ends_by_mark)

    octets = put(0x24, element(4, content[:9]), element(4, content[9:])) if ends_by_mark else element(4, content)
    identifier = element(6, bytes.fromhex("2a864886f70d0107") + bytes([kind]))
    inner = put(0x30, element(6, bytes.fromhex("2a864886f70d010701")), put(0xA0, octets))
    data = put(0x30, identifier, put(0xA0, put(0x30, b"\x02\x01\x01", element(0x31, b""), inner, element(0x31, b""))))
    fields = "Content-Transfer-Encoding: base64\n"
    return part(b64encode(data).decode(), 'application/pkcs7-mime; name="smime.p7m"', fields)


@pytest.mark.parametrize("ends_by_mark", [False, True])
def test_what_a_signature_wraps_is_read(ends_by_mark: bool) -> None:
    signed = wrapped(b"Content-Type: text/plain\n\nThe order is 5519.", ends_by_mark=ends_by_mark)
    found = read(several("mixed", signed, part("Below.")))
    assert (found.text, found.omitted) == ("# Oil\n\nThe order is 5519.\n\nBelow.", ())
    sealed = read(several("mixed", wrapped(b"\1\2\3 and so on", kind=3), part("Below.")))
    assert [gone.kind for gone in sealed.omitted] == ["attachment", "unreadable"]


def test_a_damaged_part_costs_that_part() -> None:
    binary = part("\x01\x02\x03\x04\x05\x06\x0e\x0f" * 30)
    found = read(several("mixed", part("The first."), binary, part("The last.")))
    assert "The first." in found.text
    assert "The last." in found.text
    assert [gone.kind for gone in found.omitted] == ["unreadable"]
    with pytest.raises(InputError, match="binary data"):
        read(several("mixed", binary))


def test_files_written_as_text_are_named() -> None:
    found = read(one(b"See below.\n\nbegin 644 lamp.gif\n#86)C\n`\nend\n\nIda"))
    assert found.text == "# Oil\n\nSee below.\n\nIda"
    assert found.metadata["attachments"] == ["lamp.gif"]
    assert [gone.kind for gone in found.omitted] == ["encoded_data"]


HEADERS = {
    "encoded words": ("=?utf-8?q?K=C3=B6ln?= und =?iso-8859-1?q?M=FCnchen?=", "K\u00f6ln und M\u00fcnchen"),
    "a character over two words": ("=?utf-8?b?S8M=?= =?utf-8?b?tmxu?=", "K\u00f6ln"),
    "raw UTF-8": ("K\u00f6ln", "K\u00f6ln"),
    "folded": ("Oil\n and rope", "Oil and rope"),
    "an unknown charset": ("=?nonsense?q?K=C3=B6ln?=", "K\u00f6ln"),
    "damaged base64": ("=?utf-8?b?S8O2b?=", "=?utf-8?b?S8O2b?="),
}


@pytest.mark.parametrize(("raw", "subject"), HEADERS.values(), ids=HEADERS)
def test_headers_are_decoded(raw: str, subject: str) -> None:
    assert read(f"From: a@example.org\nSubject: {raw}\n\nwords").title == subject


def test_raw_words_beside_encoded_ones_are_kept() -> None:
    mail = "Subject: =?utf-8?q?Z=C3=BCrich?= und \u0141\u00f3d\u017a \\u0041 =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n\r\nx"
    assert read(mail).title == "Z\u00fcrich und \u0141\u00f3d\u017a \\u0041 ab"


def test_raw_latin1_headers_are_decoded() -> None:
    found = read("From: J\u00f6rg M\u00fcller <j@example.org>\nSubject: Gr\u00f6\u00dfe\n\nwords".encode("latin-1"))
    assert (found.title, found.author) == ("Gr\u00f6\u00dfe", "J\u00f6rg M\u00fcller <j@example.org>")


def test_names_of_files_are_decoded() -> None:
    message = EmailMessage()
    message["Subject"] = "Oil"
    message.set_content("See below.")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="\u00d6lplan.pdf")
    assert read(message.as_bytes()).metadata["attachments"] == ["\u00d6lplan.pdf"]


def test_messages_nested_too_deep_are_refused() -> None:
    mail = "Subject: x\n\nwords"
    for _ in range(80):
        mail = f"Subject: x\nContent-Type: message/rfc822\n\n{mail}"
    with pytest.raises(InputError) as refusal:
        read(mail)
    assert refusal.value.error_class == "too_deep"


def test_rtf_of_outlook_is_unpacked() -> None:
    packed = "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    assert unpacked(bytes.fromhex(packed)) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


YENC = bytes(byte for byte in range(256) if byte not in (0, 10, 13, 61)) * 4
YENC_HEAD = b"=ybegin part=1 line=128 size=1008 name=old lamp.bin\r\n=ypart begin=1 end=1008\r\n"


@pytest.mark.parametrize("end", [b"\r\n=yend size=1008 crc32=ab\r\n\r\nRegards.\r\n", b""])
def test_a_file_in_yenc_costs_only_itself(end: bytes) -> None:
    document = parse(HEAD.encode() + b"\nHere it is.\n\n" + YENC_HEAD + YENC + end, "a.eml")
    assert document.text == "# Oil\n\nHere it is." + ("\n\nRegards." if end else "")
    assert document.metadata["attachments"] == ["old lamp.bin"]
    assert [(one.kind, one.place) for one in document.omitted] == [("encoded_data", "old lamp.bin")]


def test_a_text_about_yenc_is_kept() -> None:
    assert "size=3" in parse(f"{HEAD}\nIt begins so:\n=ybegin line=128 size=3 name=a\nabc\n".encode(), "a.eml").text

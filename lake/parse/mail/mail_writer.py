"""Writes the parts of a mail: every text part in order; every other part is named."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from dataclasses import replace
from email.message import Message
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import count_words, word_counts
from lake.parse.canonical import TextWriter, clean, one_line
from lake.parse.mail import tnef
from lake.parse.mail.calendars import calendar_text
from lake.parse.mail.cards import cards_text
from lake.parse.mail.lenient import parsed_mail
from lake.parse.mail.mail_parts import (
    content,
    file_name,
    header,
    parameter,
    payload,
    unflowed,
    without_tags,
    write_plain,
)
from lake.parse.mail.mail_tables import table_of
from lake.parse.mail.mail_types import CARDS, PACKED, PAGES, PROGRAMS, SEALED, SIGNATURES, is_text, type_by_name
from lake.parse.mail.packed_rtf import DAMAGED, unpacked
from lake.parse.mail.signed import signed_content
from lake.parse.markup.misplaced_rights import rights_of_part
from lake.parse.office import rtf
from lake.parse.text import decode
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import Block, ParsedDocument

_SHOWN = ("from", "to", "cc", "date")
#: Parts called ``message`` that hold a message; all others are fields of a report.
_MESSAGES = ("rfc822", "global", "news", "partial")
MAX_DEPTH = 50
#: A plain part with fewer than this share of the words of the page beside it only says that there is one.
_STUB = 0.5


class Mail:
    """Writes the parts of one mail, and remembers the names of what it does not read."""

    def __init__(self) -> None:
        self.writer = TextWriter()
        self.names: list[str] = []
        self._causes: list[InputError] = []
        self._n_headings = 0
        #: Whether a part states who may see it, which can't hold for that part alone.
        self.is_closed = False

    def head(self, subject: str, level: int = 1, facts: str = "") -> None:
        """Append the subject, and what the headers of an attached message state."""
        self.writer.read(f"{subject}\n{facts}")
        before = self.writer.n_blocks
        self.writer.heading(subject, level)
        self._n_headings += self.writer.n_blocks - before
        self.writer.add(facts)

    def finish(self, subject: str, author: str, metadata: dict[str, str]) -> ParsedDocument:
        """The document; a subject without a body is one too.

        Raises InputError if there is no text, or if no body could be read.
        """
        if self.writer.n_blocks <= self._n_headings and (self._causes or not count_words(subject)):
            if self._causes:
                raise self._causes[0]
            held = f"only attachments {self.names}; save these as files" if self.names else "and no attachment"
            raise InputError(f"no text in the body, {held}", "no_text")
        stated: dict[str, object] = {**metadata, **({"attachments": self.names} if self.names else {})}
        stated |= {"acl": None} if self.is_closed else {}
        return self.writer.finish(title=subject or None, author=author or None, metadata=stated)

    def attachment(self, name: str, *, unreadable: str = "") -> None:
        """Name a part that is not read."""
        self.names.append(name)
        self.writer.omit("attachment", "", name)
        if unreadable:
            self.writer.omit("unreadable", "", f"{name}: {unreadable}")

    def part(self, part: Message, depth: int = 0) -> None:
        """Append a part with all that is inside it."""
        if depth > MAX_DEPTH:
            raise InputError(f"parts nested more than {MAX_DEPTH} deep; save the inner messages as files", "too_deep")
        kind, inner = part.get_content_type(), part.get_payload()
        if parameter(part, "protected-headers"):
            self._protected(header(part, "subject"))
        if isinstance(inner, list) and kind.startswith("multipart/"):
            self._multipart(part, [one for one in inner if isinstance(one, Message)], depth + 1)
        elif isinstance(inner, list):
            self._messages(part, [one for one in inner if isinstance(one, Message)], depth + 1)
        else:
            self._leaf(part, kind, depth)

    def _protected(self, subject: str) -> None:
        """Append the subject that a part protects by encryption or a signature, if the mail itself states another."""
        if subject and subject not in self.writer.text:
            self.head(subject, 2)

    def _messages(self, part: Message, inner: list[Message], depth: int) -> None:
        kind = part.get_content_subtype()
        if kind in _MESSAGES:
            for message in inner:
                self._attached(_decoded(message, part), depth)
            return
        if kind == "external-body":
            self.attachment(file_name(part) or parameter(part, "url") or "a file elsewhere")
        self.plain("\n\n".join(filter(None, map(_fields, inner))))

    def _attached(self, message: Message, depth: int) -> None:
        facts = ((name, header(message, name)) for name in _SHOWN)
        self.head(header(message, "subject"), 2, "\n".join(f"{n.capitalize()}: {value}" for n, value in facts if value))
        self.part(message, depth)

    def _multipart(self, part: Message, children: list[Message], depth: int) -> None:
        kind = part.get_content_subtype()
        for where in ("preamble", "epilogue"):
            if words := getattr(part, where):
                text = decode(words.encode("utf-8", "surrogateescape")).text if words.strip() else ""
                self.writer.read(text)
                self.writer.omit("hidden", text, where)
        if kind == "encrypted":
            self.attachment(file_name(children[-1]) if children else "", unreadable="encrypted")
        elif kind == "alternative":
            self._alternative(children, depth)
        else:
            for child in children:
                self.part(child, depth)

    def _alternative(self, children: list[Message], depth: int) -> None:
        """The plain part, or the richest if the plain one is a stub; of the others only what it does not say."""
        self.versions([self._apart(child, depth) for child in children])

    def versions(self, read: list[ParsedDocument]) -> None:
        """Append one of several readings of the same message, the plain one first, and what the others say more."""
        found = [one for one in read if one.blocks]
        for one in read:
            self.writer.read(one.text if one.source_text is None else one.source_text)
            self.writer.note(one.omitted)
        if not found:
            return
        lengths = [count_words(one.text) for one in found]
        base = 0 if lengths[0] >= _STUB * max(lengths) else lengths.index(max(lengths))
        self.writer.document(replace(found[base], source_text="", omitted=()))
        said = _folded(found[base].text)
        for one in (*found[:base], *found[base + 1 :]):
            self._rest(one, said)

    def _apart(self, child: Message, depth: int) -> ParsedDocument:
        """A part read by itself; names and causes are kept."""
        mail = Mail()
        mail.part(child, depth)
        self.names += mail.names
        self._causes += mail._causes
        self.is_closed |= mail.is_closed
        return mail.writer.finish()

    def _rest(self, parsed: ParsedDocument, said: Counter[str]) -> None:
        """Append the blocks with words that are not ``said`` yet; name the others as repeated."""
        repeated = []
        for block in parsed.blocks:
            text = parsed.text[block.start : block.end]
            if words := _folded(text).keys() - said.keys():
                said.update(words)
                self._again(block, text)
            else:
                repeated.append(text)
        self.writer.omit("repeated", "\n".join(repeated), "alternative part")

    def _again(self, block: Block, text: str) -> None:
        self.writer.add(text, block.kind, level=block.level, label=block.label)

    def _leaf(self, part: Message, kind: str, depth: int) -> None:
        name = file_name(part)
        kind = type_by_name(kind, name)
        if kind == "message/rfc822":
            self.names.append(name)
            return self._attached(parsed_mail(payload(part)), depth + 1)
        if kind in PACKED or name.lower() == "winmail.dat":
            return self._packed(part, name or "winmail.dat")
        if kind in SIGNATURES:
            return self.writer.omit("attachment", "", name or "signature")
        if kind in PROGRAMS and part.get_content_disposition() != "attachment":
            program = payload(part).decode("utf-8", "replace")
            self.writer.read(program)
            return self.writer.omit("script", program, name or kind)
        if kind in SEALED:
            return self._sealed(part, name or kind, depth + 1)
        if kind in ("text/rtf", "application/rtf"):
            return self._rtf(part, name or kind)
        if not is_text(kind, name):
            return self.attachment(name or kind)
        try:
            self._read(part, kind, name)
        except InputError as error:
            self._causes.append(error)
            self.names += [name] if name else []
            self.writer.omit("unreadable", "", f"{name or kind}: {error}"[:200])

    def _read(self, part: Message, kind: str, name: str) -> None:
        is_page = kind in PAGES
        text, metadata, omitted = content(part, markup=is_page)
        self.writer.note(omitted)
        self.names += [one.place for one in omitted if one.kind == "encoded_data"]
        if not text.strip():
            return
        if kind == "text/calendar" and self._is_said(text):
            self._heed_rights(text)
            return
        if part.get_content_disposition() == "attachment" or (name and not is_page):
            self.names.append(name or kind)
            self.head(name or kind, 2)
        is_markdown = kind == "text/markdown" or name.lower().endswith((".md", ".markdown"))
        self._heed_rights(text, is_markdown=is_markdown)
        if is_page:
            parsed = html.from_text(text, metadata, whole=True)
            self.writer.document(parsed)
        elif (table := table_of(text, kind, name)) is not None:
            self.writer.document(table)
        elif kind == "text/calendar":
            self.plain(calendar_text(text, self.writer))
        elif kind in CARDS:
            self.plain(cards_text(text, self.writer))
        elif kind in ("text/enriched", "text/richtext"):
            self.plain(without_tags(text))
        else:
            flowed = parameter(part, "format") == "flowed"
            self.plain(unflowed(text, delete_space=parameter(part, "delsp") == "yes") if flowed else text)

    def _is_said(self, calendar: str) -> bool:
        """Whether the mail says already what a calendar holds, which invitations hold twice; then name it."""
        again = TextWriter()
        text = clean(calendar_text(calendar, again))
        if not text.strip() or text.strip() not in self.writer.text:
            return False
        self.writer.read(text)
        self.writer.document(replace(again.finish(), text="", blocks=()))
        self.writer.omit("repeated", text, "calendar")
        return True

    def _sealed(self, part: Message, name: str, depth: int) -> None:
        """What a signature wraps; what is encrypted is named."""
        content = signed_content(payload(part))
        if content is None:
            self.attachment(name, unreadable="encrypted, or a damaged signature")
        else:
            self.part(parsed_mail(content), depth)

    def _heed_rights(self, text: str, *, is_markdown: bool = False) -> None:
        """Let nobody see the mail if a part begins with front matter that names an acl."""
        if not self.is_closed:
            why = rights_of_part(text, is_markdown=is_markdown)
            self.writer.note(why)
            self.is_closed = bool(why)

    def plain(self, text: str) -> None:
        """Append a plain body."""
        self._heed_rights(text)
        self.writer.read(text)
        self.names += write_plain(text, self.writer)

    def _packed(self, part: Message, name: str) -> None:
        """What Outlook packed: names of files, and of the bodies what the mail does not say yet."""
        try:
            found = tnef.read(payload(part))
        except InputError as error:
            self.attachment(name, unreadable=str(error)[:200])
            return
        bodies = Mail()
        if found.page:
            bodies.page(found.page)
        elif found.text.strip():
            bodies.plain(clean(found.text))
        elif found.rtf:
            bodies.compressed_rtf(found.rtf)
        self.is_closed |= bodies.is_closed
        parsed = bodies.writer.finish()
        self.writer.read(parsed.text if parsed.source_text is None else parsed.source_text)
        self.writer.note(parsed.omitted)
        self._rest(parsed, _folded(self.writer.text))
        for one in found.names:
            self.attachment(one)

    def page(self, data: bytes, charset: str | None = None) -> None:
        """Append a page in its stated charset, or in the one it is really in."""
        source, metadata, omitted = decode(data, declared=True, charset=charset)
        self.writer.note(omitted)
        self._heed_rights(source)
        self.writer.document(html.from_text(source, metadata, whole=True))

    def compressed_rtf(self, data: bytes) -> None:
        """Append a body as Outlook stores it; name it if it is damaged."""
        try:
            self.writer.document(rtf.parse(unpacked(data), ".rtf"))
        except (InputError, *DAMAGED) as error:
            self.writer.omit("unreadable", "", f"RTF body: {error}"[:200])

    def _rtf(self, part: Message, name: str) -> None:
        try:
            self.writer.document(rtf.parse(payload(part), ".rtf"))
        except InputError as error:
            self.attachment(name, unreadable=str(error)[:200])


def _decoded(message: Message, part: Message) -> Message:
    """A message whose ``part`` encodes it, which no mail should, and many do."""
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    written = message.get_payload()
    if encoding == "base64" and not message.keys() and isinstance(written, str):
        try:
            return parsed_mail(b64decode(re.sub(r"\s", "", written)))
        except (Base64Error, ValueError):
            return message
    return message


def _fields(message: Message) -> str:
    """The fields of a report, a line each."""
    return "\n".join(f"{key}: {one_line(header(message, key.lower()))}" for key, _ in message.raw_items())


def _folded(text: str) -> Counter[str]:
    return word_counts(text.casefold())

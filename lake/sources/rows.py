"""Rows as documents: which column is the text, which are metadata, who may see it; shared by tables and databases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from lake.errors import UsageError
from lake.ids import bytes_digest
from lake.sources.address import key_of, name_of, setting, text_or_file
from lake.sources.declared import key_as_meant, text_or_digits
from lake.sources.protocol import SourceFile
from lake.sources.stamps import stamp_of

_NAMED = re.compile(r"\{([^{}\n]+)\}")
#: Separator of names in an acl that is a text, as in _metadata.csv.
_BETWEEN = "|"

#: Between the clock that stamps a row and ours.
_CLOCKS_DIFFER = timedelta(seconds=5)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RowOptions:
    """Options of sources whose documents are rows."""

    id: str = setting("id", "Column that identifies a row; its value names the document.")
    text: str = setting("", "Column that holds the document: text, or the bytes of a file.")
    template: str = setting("", "Text with {column} for values, in place of a text column; @FILE reads it from a file.")
    format: str = setting("txt", "Suffix that decides the parser, such as md, html or pdf; empty if the id has one.")
    metadata: tuple[str, ...] = setting((), "Columns that become metadata; title, author, language and tags are known.")
    acl: str = setting("", "Column with the users and groups that may see a row: a list, or names between |.")
    null_acl: str = setting("closed", "Who may see a row whose acl is NULL: closed for nobody, open for everybody.")
    version: str = setting("", "Column that changes with each change of a row; without one all texts are compared.")
    deleted: str = setting("", "Column that marks a row as deleted: anything but NULL, false, 0 and an empty text.")

    @cached_property
    def suffix(self) -> str:
        return f".{self.format.lstrip('.')}" if self.format else ""

    @cached_property
    def parts(self) -> list[str]:
        """The template's literals and, at odd places, its columns; the text column alone if there is no template."""
        return _NAMED.split(text_or_file(self.template)) if self.template else ["", self.text, ""]

    def check(self) -> None:
        """Raise UsageError for options that contradict each other."""
        if bool(self.text) == bool(self.template):
            raise UsageError("a source of rows needs either text=COLUMN or template=TEXT")
        if self.null_acl not in ("open", "closed"):
            raise UsageError(f"null_acl must be open or closed, got {self.null_acl!r}")
        if "/" in self.format:
            raise UsageError(f"format must be a suffix such as md, got {self.format!r}")
        if self.template and len(self.parts) < 3:
            raise UsageError("the template names no column; write {column}")
        no_rights_in("metadata", self.metadata, "acl")

    @property
    def settles(self) -> timedelta:
        """How late a row may turn up with a time that is over: clocks differ, and transactions commit late."""
        return _CLOCKS_DIFFER

    @property
    def content_columns(self) -> list[str]:
        """Columns that the document's bytes are made of."""
        return list(dict.fromkeys(self.parts[1::2]))

    @property
    def listed_columns(self) -> list[str]:
        """Columns that a listing needs; the content's too if no version tells whether it changed."""
        own = [self.id, self.version, self.deleted, self.acl, *self.metadata]
        return list(dict.fromkeys([*filter(None, own), *(() if self.version else self.content_columns)]))

    def key(self, row: Row) -> str:
        value = row[self.id]
        if _is_missing(value) or value == "":
            raise UsageError(f"a row has no value in {self.id!r}, which must identify each row")
        return text_or_digits(bytes(value)) if isinstance(value, bytes | bytearray | memoryview) else row_text(value)

    def uri(self, row: Row) -> str:
        return name_of(self.key(row), self.suffix)

    def key_of(self, uri: str) -> str:
        return key_of(uri, self.suffix)

    def is_deleted(self, row: Row) -> bool:
        value = row[self.deleted] if self.deleted else None
        return (
            bool(value) and not _is_missing(value) and str(value).strip().lower() not in ("0", "f", "false", "n", "no")
        )

    def data(self, row: Row) -> bytes:
        """The document's bytes."""
        if not self.template and isinstance(row[self.text], bytes | bytearray | memoryview):
            return bytes(row[self.text])
        return b"".join(_bytes(row[part] if place % 2 else part) for place, part in enumerate(self.parts))

    def file(self, row: Row) -> SourceFile:
        """The row in a listing."""
        metadata = {name: row[name] for name in self.metadata if row[name] is not None}
        acl = self._acl(row[self.acl]) if self.acl else None
        if self.version:
            version = row[self.version]
            mark = None if version is None else row_text(version)
            marks = (_microseconds(version), mark, metadata or None, acl, self._is_final(version))
            return SourceFile(self.uri(row), None, *marks)
        data = self.data(row)
        return SourceFile(self.uri(row), len(data), None, bytes_digest(data)[:32], metadata or None, acl)

    def _is_final(self, version: Any) -> bool:
        """Whether no other change of the row may bear the same time."""
        stamp = stamp_of(version, self.version)
        return stamp is None or not stamp.unit or stamp.is_over(datetime.now(UTC), self.settles)

    def _acl(self, value: Any) -> Any:
        is_open = self.null_acl == "open" and (value is None or value == "")
        return None if is_open else acl_of(value)


def acl_of(value: Any) -> Any:
    """A value as the list of who may see a document. NULL admits nobody; what is not understood is left as it is."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split(_BETWEEN)
        except (ValueError, RecursionError):
            return value  # no list, which hides the document as well, and is named
    if not _is_list_of_names(value):
        return value
    return [name.strip() for name in value if name.strip()]


def common_acl(acls: Sequence[Any]) -> Any:
    """Who may see each of several parts of a document; None where nobody is excluded.

    What is not understood is passed on, which hides the document.
    """
    known = [acl for acl in acls if acl is not None]
    odd = next((acl for acl in known if not _is_list_of_names(acl)), None)
    if odd is not None or not known:
        return odd
    return sorted(set.intersection(*map(set, known)))


def no_rights_in(option: str, keys: Iterable[str], right_option: str) -> None:
    """Raises UsageError if a key that is kept as metadata states rights: where it is empty, that would hide nothing."""
    if named := next((key for key in keys if key_as_meant(key).lower() == "acl"), None):
        raise UsageError(f"{option} names {named!r}, which states rights; write {right_option}={named}")


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _is_missing(value: Any) -> bool:
    """Whether it is NULL, or the NaN by which data frames write that into columns of numbers."""
    return value is None or (isinstance(value, float | Decimal) and value != value)


def row_text(value: Any) -> str:
    """A value as text in keys, marks and templates; nothing for NULL."""
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, date) else str(value)


def _bytes(value: Any) -> bytes:
    """A value in a document; bytes as they are, so that its parser can tell and state another encoding."""
    is_bytes = isinstance(value, bytes | bytearray | memoryview)
    return bytes(value) if is_bytes else row_text(value).encode("utf-8", "replace")


def _microseconds(value: Any) -> int | None:
    if not isinstance(value, datetime):
        return None
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1_000_000)

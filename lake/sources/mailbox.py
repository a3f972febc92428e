"""Mailboxes of files as sources, one message a document: ``mbox:FILE``, ``maildir:FOLDER``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

from lake.errors import TransientError, UsageError
from lake.ids import bytes_digest, value_digest
from lake.sources.address import name_of, options_of, place_of
from lake.sources.blocks import whole
from lake.sources.local import readable_name
from lake.sources.mbox_messages import messages
from lake.sources.protocol import SourceFile
from lake.sources.spool import Spool, spool_of
from lake.sources.spooled import MarkedSource
from lake.sources.states import state_of

#: The suffix of messages.
SUFFIX = ".eml"
#: Listings of a Maildir that changed meanwhile.
_TRIES = 5
#: The end of a message's head, in files of Windows programs as well.
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
#: What a mail program adds to a message when it is read or filed.
_OF_PROGRAM = re.compile(rb"^(?:X-)?(?:Status|Keywords|UID|Mozilla-\w+|IMAP\w*):.*\r?\n(?:[ \t].*\r?\n)*", re.M | re.I)

#: How mail programs mark a message that the next compaction removes: mutt and pine, and a bit of Mozilla's.
_DELETED = re.compile(rb"^(?:X-Status:[^\r\n]*D|X-Mozilla-Status:[ \t]*[0-9a-f]{3}[89a-f])", re.M | re.I)


@dataclass(frozen=True)
class NoOptions:
    """A kind without options."""


class MboxSource(MarkedSource):
    """The messages of an mbox file, named by their Message-ID. Its cursor is the state of the file."""

    options: Any = NoOptions

    def __init__(self, url: str) -> None:
        self._root, self._place = url, place_of(url)
        options_of(url, NoOptions)
        if not os.path.isfile(self._place):
            raise FileNotFoundError(self._place)

    def list(self) -> Iterator[SourceFile]:
        for uri, data in self._messages():
            yield SourceFile(uri, len(data), None, bytes_digest(data)[:32])

    def _spool(self) -> Spool:
        return spool_of(self._root, self._mark(), self._messages())

    def _mark(self) -> str:
        return value_digest(state_of(self._place))

    def _messages(self) -> Iterator[tuple[str, bytes]]:
        """Messages without what mail programs add, each once; a Message-ID that is taken is told apart by the bytes."""
        seen: set[str] = set()
        with open(self._place, "rb") as file:
            if file.read(5) not in (b"From ", b""):
                raise UsageError(f"{self._place} is no mbox file: it does not begin with 'From '")
            file.seek(0)
            for whole_message in messages(file):
                if _DELETED.search(_head(whole_message)):
                    continue
                data = _plain(whole_message)
                uri, digest = _uri(data), bytes_digest(data)
                if digest not in seen:  # else it is the same message again
                    yield (uri if uri not in seen else f"{uri.removesuffix(SUFFIX)}~{digest[:16]}{SUFFIX}"), data
                seen |= {uri, digest}


class MaildirSource:
    """The messages of a Maildir and its sub-folders, by their unique names; flags are no change."""

    options: Any = NoOptions

    def __init__(self, url: str) -> None:
        self._place = place_of(url)
        options_of(url, NoOptions)
        if not os.path.isdir(os.path.join(self._place, "cur")):
            raise FileNotFoundError(f"{self._place} is no Maildir: it has no folder 'cur'")

    def list(self) -> Iterator[SourceFile]:
        for _ in range(_TRIES):
            before = self._times()
            try:
                found = [_stated(uri, os.stat(path)) for uri, path in self._paths()]
            except FileNotFoundError:
                continue
            if self._times() == before:  # a file that is renamed meanwhile, by a flag, may be in no listing
                return iter(found)
        raise TransientError(f"{self._place} changes all the time; run again")

    def read(self, uri: str) -> bytes:
        for _ in range(_TRIES):  # a flag that is set renames the file
            path = dict(self._paths()).get(uri)
            if path is None:
                break
            with suppress(FileNotFoundError), open(path, "rb") as file:
                return whole(file)
        raise FileNotFoundError(uri)

    def _times(self) -> Sequence[int]:
        places = [os.path.join(folder, part) for folder in self._folders() for part in ("new", "cur")]
        return [os.stat(place).st_mtime_ns for place in places]

    def _folders(self) -> Sequence[str]:
        return [self._place, *sorted(entry.path for entry in os.scandir(self._place) if _is_folder(entry))]

    def _paths(self) -> Iterator[tuple[str, str]]:
        for folder in self._folders():
            below = "" if folder == self._place else f"{os.path.basename(folder).strip('.')}/"
            seen: set[str] = set()
            for part in ("new", "cur"):
                for name in sorted(os.listdir(os.path.join(folder, part))):
                    unique = name.partition(":")[0]
                    if unique not in seen and not name.startswith(".") and not _is_trashed(name):
                        seen.add(unique)
                        yield name_of(readable_name(f"{below}{unique}"), SUFFIX), os.path.join(folder, part, name)


def _stated(uri: str, status: os.stat_result) -> SourceFile:
    return SourceFile(uri, status.st_size, status.st_mtime_ns // 1000, "message")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(".") and os.path.isdir(os.path.join(entry.path, "cur"))


def _is_trashed(name: str) -> bool:
    """Whether a message of a Maildir is marked as deleted; a client shows it no more, or struck out."""
    return "T" in name.partition(":2,")[2]


def _plain(data: bytes) -> bytes:
    head = _head(data)
    return _OF_PROGRAM.sub(b"", head + b"\n").rstrip(b"\r\n") + data[len(head) :]


def _head(data: bytes) -> bytes:
    return _BLANK_LINE.split(data, 1)[0]


def _uri(data: bytes) -> str:
    """A message's name: its Message-ID, or its digest if it has none."""
    head = message_from_bytes(_head(data), policy=policy.compat32)
    name = " ".join(str(head.get("Message-ID") or "").split()).strip("<>")
    return name_of(name.replace("/", "%2F") if name else bytes_digest(data)[:32], SUFFIX)

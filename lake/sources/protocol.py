"""What a source is to the engine: files with marks, their bytes, and, if it knows them, the changes since a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from lake.errors import LakeError

#: Files that declare metadata: NAME.EXT.meta.json for the document beside it, _metadata.csv for those at or below its
#: folder. They are never documents.
SIDECAR_SUFFIX, SIDECAR_TABLE = ".meta.json", "_metadata.csv"
#: ``is_sidecar`` for columns of uris, in the syntax of RE2.
SIDECAR_PATTERN = r"(?:^|/)(?:_metadata\.csv|[^/]+\.meta\.json)$"
#: Names of documents that were meant as sidecars, in the same syntax: with other capitals, ``.txt`` after them, or the
#: table as a program for sheets saves it.
MISNAMED_PATTERN = (
    r"(?i)(?:^|/)(?:_metadata\.(?:csv|tsv|tab|xls|xlsx|xlsm|xlsb|ods|numbers)|[^/]+\.meta\.json)(?:\.txt)?$"
)
_SHEETS = tuple(f"_metadata.{suffix}" for suffix in ("tsv", "tab", "xls", "xlsx", "xlsm", "xlsb", "ods", "numbers"))
#: What the mark of a local file begins with; its inode and its time of status change in microseconds follow.
INODE_MARK = "inode "


def is_sidecar(uri: str) -> bool:
    """Whether a file declares metadata of documents instead of being one."""
    if not uri.endswith((SIDECAR_SUFFIX, SIDECAR_TABLE)):
        return False
    name = uri.rsplit("/", 1)[-1]
    return name == SIDECAR_TABLE or (name.endswith(SIDECAR_SUFFIX) and name != SIDECAR_SUFFIX)


def is_misnamed(uri: str) -> bool:
    """Whether a file was meant as a sidecar, but has another name: see MISNAMED_PATTERN."""
    return as_meant(uri) != uri


def as_meant(uri: str) -> str:
    """The name that a misnamed sidecar was meant to have; of another file its own.

    >>> as_meant("a/_Metadata.xlsx"), as_meant("pump.md.META.JSON.txt"), as_meant("pump.md")
    ('a/_metadata.csv', 'pump.md.meta.json', 'pump.md')
    """
    lowered = uri.lower().removesuffix(".txt")
    if "_metadata." not in lowered and SIDECAR_SUFFIX not in lowered:
        return uri
    folder, name = uri[: uri.rfind("/") + 1], lowered.rsplit("/", 1)[-1]
    if name in (SIDECAR_TABLE, *_SHEETS):
        return folder + SIDECAR_TABLE
    if not is_sidecar(uri) and is_sidecar(lowered):
        return uri[: len(lowered) - len(SIDECAR_SUFFIX)] + SIDECAR_SUFFIX
    return uri


def is_sheet(uri: str) -> bool:
    """Whether a misnamed sidecar is a table as a program for sheets saves it."""
    return uri.lower().endswith(_SHEETS)


class SourceFile(NamedTuple):
    """One document or sidecar of a listing.

    ``uri`` names it inside its source, with ``/`` between folders, and ends in the suffix that decides its parser.
    ``modified_us`` counts microseconds since 1970 UTC. ``etag`` is any mark that changes with the bytes. A document is
    read again unless size, time and mark are unchanged; one with neither time nor mark is always read again.

    ``metadata`` are fields as in a sidecar (title, author, language, tags, and any others), with values that JSON has.
    ``acl`` lists who may see the document: None leaves that to sidecars, and an empty one admits nobody. Sidecars
    override metadata key by key; of two acls only who is in both may see the document.

    ``is_final`` is false while another change may leave time and mark as they are, as in the second of a time that
    tells no less: the next listing reads the document again.
    """

    uri: str
    size: int | None = None
    modified_us: int | None = None
    etag: str | None = None
    metadata: Mapping[str, Any] | None = None
    acl: Sequence[str] | None = None
    is_final: bool = True


class Removal(NamedTuple):
    """A file that is gone since the cursor."""

    uri: str


class Gap(NamedTuple):
    """Something that a listing could not see; the rest of it counts.

    ``why`` names it and the cause, for whoever reads the remarks of the run. With ``hides``, it may have led to
    documents that the listing lacks, so that none of the source counts as removed.
    """

    why: str
    hides: bool = False


class Cursor(NamedTuple):
    """The last item of a complete listing: where the next one may continue.

    An empty ``position`` means that the next one must be full. ``version`` is what a person calls this state, such as a
    commit; it is recorded with the release. Neither may name a document or hold a secret.
    """

    position: str
    version: str = ""


class CursorLost(LakeError):
    """The source can't tell what changed since a cursor; everything must be listed."""


@runtime_checkable
class SourceReader(Protocol):
    """The object that a source plugin's factory returns for a URL. Methods may be called from several threads.

    They raise FileNotFoundError and PermissionError as ``open`` does. Any other error counts as temporary: the run may
    be retried if it concerns a listing, and a document that can't be read stays as it was if others can be. A listing
    that can't be completed must raise: what it leaves out counts as removed.
    """

    def list(self) -> Iterable[SourceFile]:
        """Everything that exists now, each uri once."""
        ...

    def read(self, uri: str) -> bytes:
        """All bytes of one file."""
        ...


@runtime_checkable
class CursorReader(Protocol):
    """What a reader may offer besides: changes since a cursor, which a run then uses in place of ``list``.

    A reader whose ``asks_each`` is true makes a request for each document to tell what changed, so that nobody who
    watches asks it all the time.
    """

    def changes(self, since: str | None) -> Iterable[SourceFile | Removal | Gap | Cursor]:
        """New and changed files, removals, gaps, and last of all a Cursor; everything that exists if ``since`` is None.

        A stream without a Cursor at its end is broken off, and nothing of it is used. Raises CursorLost if ``since`` is
        too old or belongs to something else.
        """
        ...


@runtime_checkable
class ManyReader(Protocol):
    """What a reader may offer besides: reading many files at once, where each request costs time."""

    def read_many(self, uris: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        """The bytes of those that exist, in any order."""
        ...

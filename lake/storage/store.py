"""Stores for the lake's own files: atomic writes and put-if-absent, on a local disk or an object store."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import ContractError, UsageError
from lake.storage.failures import disk_error, disk_failures
from lake.storage.object_store import ObjectStore
from lake.storage.protocol import Store, Stored
from lake.storage.urls import without_credentials

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def open_store(url: str | os.PathLike[str]) -> Store:
    """The store at a local path or an object-store URL (``s3://bucket/prefix``)."""
    text = os.fspath(url)
    if "\0" in text:
        raise UsageError(f"{text!r} holds a NUL character; use a local path or an s3:// URL")
    if text != text.encode("utf-8", "replace").decode():
        raise UsageError(f"{text!a} is not valid UTF-8; use a local path or an s3:// URL")
    without_credentials(text)
    if "://" not in text:
        return LocalStore(_folder(Path(text).expanduser().absolute()))
    protocol = text.split("://", 1)[0]
    if protocol == "file":
        return LocalStore(_folder(Path(text.removeprefix("file://")).absolute()))
    if protocol == "s3":
        if not text.removeprefix("s3://").strip("/"):
            raise UsageError(f"{text} names no bucket; a lake on an object store is at s3://BUCKET/PREFIX")
        return ObjectStore(text.rstrip("/"))
    raise UsageError(f"nothing can be stored at {text!r}; use a local path or an s3:// URL")


def _folder(place: Path) -> Path:
    """Returns the place. Raises UsageError unless it is a folder or may become one."""
    with disk_failures(str(place)):
        nearest = next(path for path in (place, *place.parents) if path.exists())
    if not nearest.is_dir():
        raise UsageError(f"{place} can't be a folder: {nearest} is a file; choose another place")
    return place


class LocalStore:
    """A folder on a file system with hard links, which make put-if-absent atomic."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    def read(self, path: str) -> bytes:
        with disk_failures(self.url):
            return (self.root / path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        target = self.root / path
        with disk_failures(self.url):
            temporary = self._write_temporary(target, data)
            os.replace(temporary, target)
            _sync_folder(target.parent)

    def put_if_absent(self, path: str, data: bytes) -> bool:
        target = self.root / path
        with disk_failures(self.url):
            temporary = self._write_temporary(target, data)
            try:
                return self._link(temporary, target)
            finally:
                temporary.unlink()

    def _link(self, temporary: Path, target: Path) -> bool:
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise ContractError(
                    f"the file system of {self.url} doesn't support hard links ({error.strerror}), which a lake "
                    "needs; put the lake on another file system"
                ) from error
            raise
        _sync_folder(target.parent)
        return True

    def _write_temporary(self, target: Path, data: bytes) -> Path:
        temporary = target.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        return temporary

    def names(self, folder: str) -> list[str]:
        try:
            with disk_failures(self.url):
                return sorted(name for name in os.listdir(self.root / folder) if not name.startswith("."))
        except FileNotFoundError:
            return []

    def walk(self, folder: str = "") -> Iterator[Stored]:
        # Paths as texts: a run looks at each file of its tables, and a Path takes longer to make than the file to ask.
        top = os.fspath(self.root / folder)
        before = f"{folder.rstrip('/')}/" if folder else ""
        with disk_failures(self.url):
            for parent, _, names in os.walk(top, onerror=_raise_unless_gone):
                for name in names:
                    path = os.path.join(parent, name)
                    with suppress(FileNotFoundError):  # gone since it was listed
                        status = os.stat(path)
                        modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
                        yield Stored(before + path[len(top) :].lstrip("/"), status.st_size, modified_at)

    def delete(self, path: str) -> None:
        with disk_failures(self.url):
            (self.root / path).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        with disk_failures(self.url):
            if (self.root / folder).exists():
                shutil.rmtree(self.root / folder)

    def delete_empty_folders(self, folder: str) -> None:
        for name in self.names(folder):
            with suppress(OSError):  # not empty
                (self.root / folder / name).rmdir()

    def open_input(self, path: str) -> Any:
        return str(self.root / path)

    def flush(self) -> None:
        # LanceDB itself never calls fsync; one syncfs makes its files durable before a log entry names them.
        with disk_failures(self.url):
            descriptor = os.open(self.root, os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number), str(self.root))
            finally:
                os.close(descriptor)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def parquet_bytes(table: pa.Table, row_group_size: int, *, is_dense: bool = False) -> bytes:
    """Returns a table as one Parquet file in memory, so that it is stored whole or not at all.

    It is compressed by zstd, unless it ``is_dense``: bytes that no compression shrinks by a tenth.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    # A dictionary of floats is larger than the floats; split by byte position they shrink by a tenth.
    floats = [field.name for field in table.schema if pa.types.is_fixed_size_list(field.type)]
    pq.write_table(
        table,
        sink,
        compression="none" if is_dense else "zstd",
        row_group_size=row_group_size,
        write_page_checksum=True,
        write_statistics=not is_dense,
        use_dictionary=[name for name in table.column_names if name not in floats] if floats else not is_dense,
        column_encoding={f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in floats} or None,
    )
    return sink.getvalue()


def open_parquet(store: Store, path: str) -> pq.ParquetFile:
    """Open without pre-buffering, which would hold the whole file in memory; page checksums reveal changed bytes."""
    import pyarrow.parquet as pq

    with reading_parquet(store, path):
        return pq.ParquetFile(store.open_input(path), pre_buffer=False, page_checksum_verification=True)


@contextmanager
def reading_parquet(store: Store, path: str) -> Iterator[None]:
    """Translate pyarrow's errors about a damaged file into a ContractError that names it."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise disk_error(store.url, error) from error
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0]
        raise ContractError(
            f"{path} in {store.url} is not a readable Parquet file ({reason}); restore it from a copy of the lake"
        ) from error

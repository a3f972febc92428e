"""Documents that were compressed one by one, such as ``data.csv.gz``: read as what is inside."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import BinaryIO

from lake.errors import InputError

#: Suffixes that say how a file was compressed. A name with one of them ends in two suffixes.
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".lz4")
#: Whole suffixes in which both are one.
JOINED = {".svgz": ".svg.gz"}
_MOST_BYTES, _MOST_RATIO, _HARMLESS = 200 << 20, 100, 10 << 20
#: What such files begin with.
_SIGNS = {
    ".gz": b"\x1f\x8b",
    ".bz2": b"BZh",
    ".xz": b"\xfd7zXZ\0",
    ".zst": b"\x28\xb5\x2f\xfd",
    ".lz4": b"\x04\x22\x4d\x18",
}
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


def split(suffix: str) -> tuple[str, str]:
    """The suffix of what is inside, and that of the compression; the second is empty if there is none.

    >>> split(".csv.gz"), split(".csv")
    (('.csv', '.gz'), ('.csv', ''))
    """
    packed = next((one for one in PACKED_SUFFIXES if suffix.endswith(one)), "")
    return suffix.removesuffix(packed), packed


def unpacked(data: bytes, packed: str) -> bytes:
    """What was compressed, all of a file's members joined. Raises InputError: truncated, or zip_bomb.

    What is not packed is given as it is: servers that call the packing of a file an encoding of its transfer have
    clients unpack it on the way.
    """
    if not data.startswith(_SIGNS[packed]):
        return data
    most = min(_MOST_BYTES, max(_HARMLESS, _MOST_RATIO * len(data)))
    try:
        with _opened(io.BytesIO(data), packed) as file:
            found = file.read(most + 1)
    except _DAMAGE as error:
        raise InputError(f"the {packed} file is damaged: {error}; fetch the file again", "truncated") from error
    if len(found) > most:
        raise InputError(f"{len(data):,} bytes unpack to more than {most:,}; unpack and split the file", "zip_bomb")
    return found


def _opened(file: BinaryIO, packed: str) -> BinaryIO:
    if packed in (".zst", ".lz4"):  # which Python's own library does not know
        import pyarrow

        return pyarrow.CompressedInputStream(file, {".zst": "zstd", ".lz4": "lz4"}[packed])  # type: ignore[no-any-return]
    if packed == ".gz":
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    return bz2.BZ2File(file) if packed == ".bz2" else lzma.LZMAFile(file)  # type: ignore[return-value]

"""Zip containers (docx, pptx, xlsx, epub, odt): precise reasons for broken ones, and a guard against bombs."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

from lake.errors import InputError

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

MAX_UNPACKED = 200 << 20
MAX_RATIO = 100
MAX_ENTRIES = 20_000
#: Tiny files may compress extremely well without doing harm.
_HARMLESS = 10 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def open_archive(data: bytes, suffix: str, *, verify: bool = True) -> zipfile.ZipFile:
    """Open the archive and check that it unpacks to a sane size.

    Without ``verify``, a damaged part is found when it is read, and costs that part alone.

    Raises:
        InputError: encrypted, truncated, garbage or zip_bomb.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise _not_an_archive(data, suffix)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGE as error:
        raise InputError(f"the {suffix} container is damaged: {error}; fetch the file again", "truncated") from error
    _guard(archive)
    for member in archive.infolist():
        if "\\" in member.filename:  # some programs for Windows write such paths
            member.filename = member.filename.replace("\\", "/")
            archive.NameToInfo.setdefault(member.filename, member)
    if verify:
        _verify(archive)
    return archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of the archive. Raises InputError if it is missing, encrypted or damaged."""
    try:
        return archive.read(name)
    except KeyError as error:
        raise InputError(f"the container has no part {name!r}; fetch or export the file again", "garbage") from error
    except RuntimeError as error:
        raise InputError(f"the part {name!r} is encrypted; save the file without a password", "encrypted") from error
    except _DAMAGE as error:
        raise InputError(f"the part {name!r} is damaged: {error}; fetch the file again", "truncated") from error


def xml_member(archive: zipfile.ZipFile, name: str) -> _Element:
    """Root of an XML file of the archive; entities stay unresolved and nothing is fetched."""
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(read_member(archive, name), parser)
    except etree.XMLSyntaxError as error:
        raise InputError(
            f"the part {name!r} is not well-formed XML: {error.msg}; export the file again", "garbage"
        ) from error


def lenient_xml(data: bytes, *, huge: bool = False) -> tuple[_Element | None, str]:
    """Root of an XML file, and what is wrong with it: what stands before an error in it is still read.

    Comments and processing instructions are left out, so that they part no text. Entities stay unresolved and nothing
    is fetched. The root is None if nothing can be read. ``huge`` lifts libxml2's limits on depth and size.
    """
    from lxml import etree

    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": huge}
    options |= {"remove_comments": True, "remove_pis": True}
    cause = ""
    try:
        root = etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as error:
        cause = f"not well-formed XML: {error.msg}"
        try:
            root = etree.fromstring(data, etree.XMLParser(recover=True, **options))
        except etree.XMLSyntaxError:
            root = None
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        names = {entity.name for entity in root.iter(etree.Entity)}
        if names:
            cause = cause or f"entities are not resolved: {', '.join(sorted(names))[:100]}"
            etree.strip_tags(root, etree.Entity)
    return root, cause


def _not_an_archive(data: bytes, suffix: str) -> InputError:
    if data.startswith(_OLE) and _ENCRYPTED_STREAM in data:
        return InputError(f"the {suffix} file is protected by a password; save it without one", "encrypted")
    if data.startswith(_OLE):
        return InputError(f"not a {suffix} file but an older Office format; convert it to {suffix}", "unsupported")
    if data.startswith(b"PK\x03\x04"):
        return InputError(
            f"the end of the {suffix} file is missing ({len(data):,} bytes are here); fetch it again", "truncated"
        )
    return InputError(f"not a {suffix} file: it does not begin like one; check its suffix", "garbage")


def _guard(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if len(members) > MAX_ENTRIES:
        raise InputError(f"{len(members):,} parts, more than the limit of {MAX_ENTRIES:,}; split the file", "zip_bomb")
    if unpacked > MAX_UNPACKED or (unpacked > _HARMLESS and unpacked / packed > MAX_RATIO):
        raise InputError(
            f"unpacks from {packed:,} to {unpacked:,} bytes; the limits are {MAX_UNPACKED:,} bytes and "
            f"{MAX_RATIO} times its size; split the file or leave it out",
            "zip_bomb",
        )


def _verify(archive: zipfile.ZipFile) -> None:
    """Unpack every part once, since libraries report a damaged part by misleading errors."""
    for name in archive.namelist():
        read_member(archive, name)

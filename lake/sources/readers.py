"""The reader of a source by the scheme of its address."""

from __future__ import annotations

import os
import re

from lake import plugins
from lake.sources.checked import CheckedReader
from lake.sources.local import LocalReader
from lake.sources.pushed import PushedReader
from lake.sources.remote import FsspecReader

Reader = LocalReader | FsspecReader | PushedReader | CheckedReader

#: The kind of documents that the lake's service was given.
PUSHED = "pushed"

#: Kinds of ours that are folders of a file system, on which globs and single files make sense.
_FOLDERS = frozenset({"file", "s3", "gs", "http", "https"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//)?")


def reader_of(root: str, hidden: bool) -> Reader:
    """The reader of a local folder or a URL."""
    if plugin := plugin_of(root):
        return CheckedReader(plugin, root, hidden)
    name = scheme_of(root)
    ours = plugins.load("sources", name) if name in (*_FOLDERS, PUSHED) else FsspecReader
    reader: LocalReader | FsspecReader | PushedReader = ours(root, hidden)
    return reader


def plugin_of(root: str) -> plugins.Plugin | None:
    """The plugin for addresses of this scheme; None if it is a folder of a file system.

    Raises UsageError if several packages register it.
    """
    scheme = scheme_of(root)
    return None if scheme in (*_FOLDERS, PUSHED) else plugins.find("sources", scheme)


def scheme_of(location: str) -> str:
    """What stands before ``://``, or before the colon if a kind of source has that name; else ``file``.

    >>> scheme_of("s3://bucket/docs"), scheme_of("table:docs.parquet"), scheme_of("a:b")
    ('s3', 'table', 'file')
    """
    found = _SCHEME.match(location)
    if found is None:
        return "file"
    scheme = found[1]
    if found[2]:
        return scheme
    if os.path.lexists(location) or scheme in _FOLDERS:  # a local name may hold a colon
        return "file"
    # Looking up the names of plugins takes time.
    return scheme if scheme in plugins.OURS["sources"] or scheme in plugins.names("sources") else "file"

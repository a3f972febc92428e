"""What lineage calls places: a namespace and a name, without options and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from lake.sources.readers import scheme_of

if TYPE_CHECKING:
    from lake.sources.source import Source


def place_of(source: Source) -> tuple[str, str]:
    """Namespace and name of a source."""
    name = namespaced(source.root)
    if source.file is not None:
        return name[0], f"{name[1]}/{source.file}"
    return name if source.pattern == "**" else (name[0], f"{name[1]}/{source.pattern}")


def namespaced(url: str) -> tuple[str, str]:
    """Namespace and name of a place, as OpenLineage has them; a password in it stays untold.

    >>> namespaced("/srv/docs"), namespaced("s3://bucket/docs"), namespaced("https://me:secret@example.org/a")
    (('file', '/srv/docs'), ('s3://bucket', 'docs'), ('https://example.org', 'a'))
    """
    if "://" not in url:
        scheme = scheme_of(url)
        return scheme, url.removeprefix(f"{scheme}:").partition("?")[0] if scheme != "file" else url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}", parts.path.strip("/") or "/"


def table_of(url: str) -> str:
    """The table that a database's address names; "" if it names none.

    >>> table_of("postgresql://reader@db/support?table=tickets&id=id"), table_of("/srv/docs")
    ('tickets', '')
    """
    return dict(parse_qsl(url.partition("?")[2])).get("table", "")

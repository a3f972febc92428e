"""Files that people name as if they were sidecars, in other words or notations: they restrict what they are about."""

from __future__ import annotations

import posixpath
import re

from lake.parse.rights_words import means_rights, text_states_rights
from lake.sources.protocol import is_misnamed, is_sidecar

#: What browsers and file managers add to the name of a copy, in the languages that they speak.
_COPY = r"(?: ?\([^()/]+\)|(?: - | )(?:copy|kopie|copie|copia|kopia)(?: ?\(?\d+\)?)?)?"
_KINDS = r"(?: ?\.+(?:json|jsonc|json5|jsonl|jsn|js|ya?ml|toml|ini|cfg|conf|csv|tsv|xml|properties|txt)){0,2}"
#: Names of such files, in the syntax of RE2: ``a.md.meta.yaml``, ``a.md.metadata.json``, ``a.md.acl``,
#: ``a.md.json``, ``_metadata.yaml``, ``_metadata (1).csv``. What they hold decides whether they are about rights.
LOOSE_PATTERN = (
    rf"(?i)(?:^|/)(?:[^/]*[^/ ._-][ ._-]+(?:metadata|meta|acls?){_COPY}{_KINDS}"
    rf"|_(?:metadata|meta|acls?){_COPY}{_KINDS}|metadata{_COPY}\.(?:csv|tsv)"
    r"|[^/]*[^/.]\.[a-z0-9]+\.(?:json|ya?ml|toml))[ .]*$"
)
_LOOSE = re.compile(LOOSE_PATTERN)
_WORD = re.compile(rf"(?i)[ ._-]+(metadata|meta|acls?){_COPY}{_KINDS}[ .]*$")
_SECOND_SUFFIX = re.compile(r"(?i)\.[a-z0-9]+(\.(?:json|ya?ml|toml)[ .]*)$")
#: The ``states`` of a loose sidecar whose source declares nothing of it.
STATES_RIGHTS, STATES_NONE = '{"states_rights": true}', "{}"
#: Sidecars that people write are small.
MOST_BYTES = 1 << 20


def is_loose(uri: str) -> bool:
    """Whether a file is no sidecar, but named as people may name one.

    >>> [is_loose(name) for name in ("a/b.md.meta.yaml", "_metadata (1).csv", "b.md.meta.json", "meta.yaml", "b.md")]
    [True, True, False, False, False]
    """
    return bool(_LOOSE.search(uri)) and not is_sidecar(uri) and not is_misnamed(uri)


def about(uri: str) -> str | None:
    """The document that a loose sidecar is about; None for a table, which is about its folder.

    >>> about("a/b.md.meta.yaml"), about("a/_metadata (1).csv")
    ('a/b.md', None)
    """
    folder, name = posixpath.split(uri)
    document = name
    if found := _WORD.search(name):
        document = name[: found.start()]
    elif found := _SECOND_SUFFIX.search(name):
        document = name[: found.start(1)]
    return posixpath.join(folder, document) if document not in ("", name) else None


def is_of_exact_name(uri: str) -> bool:
    """Whether a loose sidecar is about a document of exactly its name: others end in ``.acl`` or ``.json`` as well."""
    found = _WORD.search(posixpath.basename(uri))
    return found is None or means_rights(found[1])


def _is_named_acl(uri: str) -> bool:
    found = _WORD.search(f" {posixpath.basename(uri).lstrip('_')}")
    return found is not None and means_rights(found[1])


def states_rights(uri: str, data: bytes) -> bool:
    """Whether a loose sidecar with these bytes is about rights."""
    if _is_named_acl(uri):
        return True
    if len(data) > MOST_BYTES or not text_states_rights(data):
        return False
    # Tables of this name are usual, so that one is believed only if it has both columns of ours.
    is_usual = about(uri) is None and not posixpath.basename(uri).startswith("_")
    return not is_usual or re.search(rb"\bpath\b", data.partition(b"\n")[0]) is not None

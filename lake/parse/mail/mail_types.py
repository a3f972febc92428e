"""What the parts of a mail are, by the type and the name that each states."""

from __future__ import annotations

_TEXT_SUFFIXES = (
    ".txt", ".text", ".log", ".md", ".markdown", ".csv", ".tsv", ".rst", ".org", ".json", ".xml", ".yaml", ".yml",
    ".ini",
)  # fmt: skip
_TEXT_TYPES = ("application/csv", "application/json", "application/xml", "application/yaml", "application/x-yaml")
SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
PROGRAMS = ("text/css", "text/javascript", "application/javascript", "application/x-javascript")
PACKED = ("application/ms-tnef", "application/vnd.ms-tnef")
#: What the name of a file tells if its type does not.
_NAMED_TYPES = {
    ".ics": "text/calendar", ".vcf": "text/vcard", ".html": "text/html", ".htm": "text/html", ".eml": "message/rfc822",
    ".rtf": "text/rtf", ".dat": "application/octet-stream", ".p7m": "application/pkcs7-mime",
}  # fmt: skip
_UNNAMED_TYPES = ("application/octet-stream", "application/ics", "application/x-msdownload", "application/unknown")
CARDS = ("text/vcard", "text/x-vcard", "text/directory")
PAGES = ("text/html", "application/xhtml+xml", "text/x-amp-html", "text/watch-html")


def type_by_name(kind: str, name: str) -> str:
    """The type of a part called ``name``; its name tells it if the stated ``kind`` is none."""
    return _NAMED_TYPES.get(name.lower()[name.rfind(".") :], kind) if kind in _UNNAMED_TYPES else kind


def is_text(kind: str, name: str) -> bool:
    """Whether a part is read as text or as a page."""
    if kind.startswith(("text/", "message/", "multipart/")) or kind in _TEXT_TYPES:
        return True
    return kind.startswith("application/") and name.lower().endswith(_TEXT_SUFFIXES)

"""Keys under which people state who may see a document, though only ``acl`` restricts it."""

from __future__ import annotations

import re
from unicodedata import category, normalize

#: A key that means rights and nothing else: ``acl`` in other spellings, and what other systems call theirs. Words with
#: other meanings, such as access, groups, permissions, rights or visibility, are metadata.
RIGHTS_KEY = (
    r"[_@$]*(?:a[.-]?c[.-]?l[.-]?s?(?:\[\])?:?|acl[_ -]?(?:entries|groups|list|read|users)"
    r"|(?:doc|document|read)[_ -]?acl|access[_ -]?control[_ -]?lists?"
    r"|allow(?:ed)?[_ -]?(?:groups?|principals?|roles?|users?))"
)
_KEY = re.compile(RIGHTS_KEY, re.IGNORECASE)
#: Cyrillic letters that look like those of ``acl``.
_LOOK_ALIKE = str.maketrans("\u0430\u0410\u0441\u0421\u04cf\u04c0", "aAcCll")
#: Such a key where notations have keys: after what separates them, within a longer one, as an attribute, as the name
#: of an element, or as a column.
_IN_TEXT = re.compile(
    rf"""(?:^|[{{,<\[;|?-])[ \t]*["']?{RIGHTS_KEY}["']?[ \t]*(?:[:=>;,|\]\t]|$)"""
    rf"""|\w[.:]{RIGHTS_KEY}[ \t]*[:=>\]]"""
    rf"""|[ \t]{RIGHTS_KEY}[ \t]*="""
    rf"""|\b(?:key|name)=["']{RIGHTS_KEY}["']"""
    rf"""|\t["']?{RIGHTS_KEY}["']?(?:\t|$)""",
    re.MULTILINE | re.IGNORECASE,
)
_LONGEST = 1 << 16


def means_rights(key: str) -> bool:
    """Whether a key states rights by any name, ``acl`` included.

    >>> [means_rights(key) for key in ("ACLs", "allowed_groups", "AccessControlList", "access", "oracle", "acl_notes")]
    [True, True, True, False, False, False]
    """
    if len(key) > 40:
        return False
    plain = key if key.isascii() else "".join(letter for letter in normalize("NFKC", key) if category(letter) != "Cf")
    return bool(_KEY.fullmatch(plain.translate(_LOOK_ALIKE).strip()))


def text_states_rights(data: bytes) -> bool:
    """Whether a key at the beginning of a file, in whatever notation, states rights.

    >>> [text_states_rights(text) for text in (b"title: Pumps\\nacl: [hr]", b"# About an acl", b"<acl>")]
    [True, False, True]
    """
    head = data[:_LONGEST]
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in head:
        return False
    lines = "\n".join(head.decode(encoding, "replace").translate(_LOOK_ALIKE).splitlines())
    return bool(_IN_TEXT.search(lines))

"""Names of encodings: as mails, pages and editors declare them, and as they are shown."""

from __future__ import annotations

import codecs
import re

#: A declared name -> the codec that reads what is really written under that name, as browsers do.
_REALLY = {
    **dict.fromkeys(("ascii", "iso8859-1", "latin-1", "unknown-8bit", "x-unknown", "default", "ansi"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "cp936", "x-euc-cn", "euc-cn"), "gb18030"),
    **dict.fromkeys(("euc_kr", "ks_c_5601-1987", "windows-949", "x-windows-949", "ksc5601"), "cp949"),
    **dict.fromkeys(("shift_jis", "x-sjis", "sjis", "ms_kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("big5", "cp950", "x-x-big5", "big5-hkscs"), "big5hkscs"),
    **dict.fromkeys(("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2"), "iso2022_jp_ext"),
    **dict.fromkeys(("iso8859-11", "tis_620", "tis-620"), "cp874"),
    **dict.fromkeys(("iso8859_8_i", "iso-8859-8-i", "iso-8859-8-e", "logical"), "iso8859-8"),
    **dict.fromkeys(("x-mac-roman", "macintosh", "mac"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    "iso8859-9": "cp1254",
    "x-mac-ce": "mac-latin2",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "euc_jp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "hz-gb-2312": "hz",
    "gb_2312-80": "gb18030",
    "cp51932": "euc_jp",
    **dict.fromkeys(("cp50220", "cp50221", "cp50222"), "iso2022_jp_ext"),
    "koi8": "koi8-r",
}
#: Ways to write the number of a code page.
_CODE_PAGE = re.compile(r"^(?:x-)?(?:cp|ibm|dos|ms|win|windows)[-_ ]?(\d+)$")
_NO_TEXT = frozenset(("rot13", "punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"))
_LABELS = {
    "cp874": "windows-874",
    "cp932": "shift_jis",
    "shift_jis_2004": "shift_jis",
    "cp949": "euc-kr",
    "euc_kr": "euc-kr",
    "euc_jis_2004": "euc-jp",
    "euc_jp": "euc-jp",
    "big5hkscs": "big5",
    "cp866": "ibm866",
    "cp850": "ibm850",
    "cp852": "ibm852",
    "mac-roman": "macintosh",
}
_NAMED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""")
_CODING = re.compile(rb"""^.{0,200}?(?:coding|charset|fenc)[=:][ \t]*["']?([A-Za-z0-9_.-]+)""")


def label(encoding: str) -> str:
    """The name of a codec in mails and pages.

    >>> label("cp1250"), label("iso8859-2")
    ('windows-1250', 'iso-8859-2')
    """
    if encoding.startswith("cp125"):
        return f"windows-{encoding[2:]}"
    return _LABELS.get(encoding, encoding.replace("iso8859-", "iso-8859-").replace("iso2022_jp_ext", "iso-2022-jp"))


def codec_of(name: str) -> str | None:
    """The codec for a declared charset; None if Python has none. Names are read as browsers do.

    >>> codec_of("latin1"), codec_of("x-windows-949"), codec_of("nonsense")
    ('cp1252', 'cp949', None)
    """
    plain = name.strip().strip("\"'").lower()
    if plain in _REALLY:
        return _REALLY[plain]
    page = _CODE_PAGE.sub(r"cp\1", plain)
    if page in _REALLY:
        return _REALLY[page]
    for spelling in (plain, plain.removeprefix("x-"), page, plain.replace("_", "-")):
        try:
            known = codecs.lookup(spelling)
        except (LookupError, ValueError, UnicodeError):
            continue
        if known.name not in _NO_TEXT and known._is_text_encoding:
            return _REALLY.get(known.name, known.name)
    return None


def declared_in(data: bytes, *, markup: bool) -> str | None:
    """The codec that a text names in its first lines: a page's or XML's own, or an editor's ``coding:`` comment."""
    head = data[:2048]
    match = _NAMED.search(head) if markup else None
    for line in [] if match else head.split(b"\n", 2)[:2]:
        match = match or _CODING.match(line)
    return codec_of(match[1].decode("ascii")) if match else None

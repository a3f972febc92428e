"""RTF's tokens and control words: characters, code pages, and what the text of a destination is for."""

from __future__ import annotations

import codecs
import re

from lake.parse.office.symbol_fonts import symbol

TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    78: "shift_jis",
    79: "big5",
    80: "euc_kr",
    81: "mac_arabic",
    83: "mac_greek",
    84: "mac_cyrillic",
    85: "gb2312",
    88: "mac_latin2",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "cp936",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
SYMBOL_CHARSET = 2
SYMBOL_FONTS = ("symbol", "wingdings", "webdings")
CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "softline": "\n",
    "lbr": "\n",
    "emdash": "\u2014",
    "endash": "\u2013",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "bullet": "\u2022",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "column": "\n",
}
SYMBOLS = {"~": "\xa0", "_": "-", "{": "{", "}": "}", "\\": "\\", "\t": "\t"}
PARAGRAPH_ENDS = frozenset(("par", "sect", "page", "\n", "\r"))

_NO_TEXT = (
    "colortbl listtable listoverridetable rsidtbl revtbl generator themedata latentstyles colorschememapping "
    "datastore pict objdata objname objalias objtime objsect fldinst bkmkstart bkmkend xe tc rxe txe atnid atntime "
    "atndate atnref atnicn atnparent atrfstart atrfend private userprops docvar xmlnstbl wgrffmtfilter filetbl "
    "mmathPr formfield datafield pgptbl blipuid picprop sn ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn pn pnseclvl "
    "nonshppict nonesttables template password passwordhash background htmltag mhtmltag pgdsctbl defchp defpap "
    "listpicture fname fontemb fontfile panose falt protusertbl mmathPict levelmarker oldcprops oldpprops oldsprops "
    "oldtprops ebcstart ebcend factoidname hl gridtbl keycode mailmerge nextfile sp xmlopen xmlclose windowcaption "
    "writereservation writereservhash mchr mtype mbegChr mendChr msepChr mpos mdegHide mlimloc mgrow mcount mbaseJc "
    "mvertJc mcGp mcGpRule creatim revtim printim buptim operator company category keywords comment doccomm manager "
    "hlinkbase subject propname staticval linkval svb objclass pntxta pntxtb"
)
#: Destinations that hold no text of the document.
NO_TEXT = frozenset(_NO_TEXT.split())
_THROUGH = (
    "fldrslt field shp shpinst shpgrp shppict result object do nesttableprops mmath moMath moMathPara mr mf mnum mden "
    "me msup msub msSup msSub msSubSup mrad mdeg mnary md mfunc mfName mlim mlimLow mlimUpp macc mbar mbox mborderBox "
    "mgroupChr meqArr mm mmr msPre mphant ud"
)
#: Destinations of text that goes on where it stands.
THROUGH = frozenset(_THROUGH.split())
#: What begins and ends the parts of a formula in one line.
FORMULAS = {
    "mnum": ("(", ")"),
    "mden": ("/(", ")"),
    "msup": ("^(", ")"),
    "msub": ("_(", ")"),
    "mdeg": ("(", ")"),
    "me": (" ", ""),
    "mfName": (" ", " "),
}
MARGINS = frozenset(f"{kind}{page}" for kind in ("header", "footer") for page in ("", "l", "r", "f"))
SINKS = MARGINS | {"footnote", "annotation", "shptxt", "dptxbxtext"}
SPOKEN = {"wzDescription": "Picture", "gtextUNICODE": "Picture"}
#: Destinations with a use of their own.
DESTINATIONS = {
    "fonttbl": "font",
    "stylesheet": "style",
    "info": "meta",
    "title": "info",
    "author": "info",
    "upr": "none",
    "atnauthor": "author",
    "listtext": "label",
    "pntext": "label",
    "sn": "property",
    "sv": "value",
    "shprslt": "copy",
    "ud": "",
}


def character(number: int) -> str:
    """The character of a number, negative ones included; symbol fonts use a range of their own."""
    number = number if 0xFFFF < number < 0x110000 else number & 0xFFFF
    return symbol("Symbol", f"{number:x}") if 0xF000 <= number <= 0xF0FF else chr(number)


def codec_of(page: int | None) -> str:
    name = {10000: "mac_roman", 65001: "utf-8", 708: "cp1256", 932: "cp932"}.get(page or 0, f"cp{page}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def joined(pieces: list[str]) -> str:
    """The text of pieces; characters beyond the first plane come as two."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def has_letters(label: str) -> bool:
    return any(one.isalnum() for one in label) and label != "o"

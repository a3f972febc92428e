"""What the folders and the file's name of a document say about it, in words."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

#: Numbers of a name are kept beside words that say something; a year says something alone.
_YEAR = re.compile(r"(?:19|20)\d\d")
#: Letters and digits that a program drew: hashes, UUIDs, keys.
_DRAWN = re.compile(r"(?=.*\d)(?=.*[a-z])[0-9a-f]{8,}|(?=(?:.*\d){4})(?=.*[a-z])[0-9a-z]{16,}", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_WORD = re.compile(r"[^\w.#]+|_+|(?<=\D)\.|\.(?=\D)|#")
_SUFFIX = re.compile(r"(?<=[^.])(?:\.[A-Za-z][A-Za-z0-9]{0,4}){1,2}$")
#: Names that programs and habits give, whatever is inside.
_GENERIC = re.compile(
    "archives?|attachments?|book|contents?|copy|data|default|dir|docs?|documents?|downloads?|draft|drive|exports?|"
    "files?|final|folder|home|images?|im(?:a)?g|import|index|input|inbox|items|main|misc|new|old|other|output|pages?|"
    "parts?|pdfs?|print|public|readme|rev|root|scans?|shared?|sheet|site|src|te?mp|texts?|unnamed|untitled|uploads?|"
    "version|www|desktop|dsc|pic(?:ture)?s?|screenshots?|kopie|dokumente?|dateien|datei|ordner|entwurf|alt|neu|bild|"
    "seite|documentos?|archivos?|copias?|dossier|fichiers?|copie|nouveau"
)


@lru_cache(maxsize=4096)
def place_text(uri: str) -> str:
    """The words of a document's folders and file name that say something, outer folders first.

    Names of numbers alone, hashes and what programs write by themselves say nothing. A year does.

    >>> place_text("clients/ACME%20plc/2031/annual-report_final.v2.pdf")
    'clients ACME plc 2031 annual report'
    >>> place_text("docs/0396205d1c4798d5/IMG_0042.jpg"), place_text("invoice-4711.pdf"), place_text("10009203.md")
    ('', 'invoice 4711', '')
    """
    *folders, name = unquote(uri, errors="replace").replace("\\", "/").split("/")
    segments = [*folders, _SUFFIX.sub("", name)]
    return " ".join(dict.fromkeys(word for segment in segments for word in _words(segment)))


def _words(segment: str) -> list[str]:
    found = [word.strip(".") for word in _NO_WORD.split(_UUID.sub(" ", segment))]
    words = [word for word in found if word and not _DRAWN.fullmatch(word)]
    telling = [word for word in words if _says(word)]
    if not telling:
        return words if len(words) == 1 and _YEAR.fullmatch(words[0]) else []
    return [word for word in words if word in telling or word.replace(".", "").isdigit()]


def _says(word: str) -> bool:
    """Whether a word is more than a number, a letter, a version or a generic name.

    >>> _says("pumps"), _says("HR"), _says("v2"), _says("0042"), _says("scan0042"), _says("\u6c34")
    (True, True, False, False, False, True)
    """
    letters = "".join(filter(str.isalpha, word)).casefold()
    is_letter = len(letters) < 2 and letters.isascii()
    return not (is_letter or _GENERIC.fullmatch(letters) or re.fullmatch(r"(?i)v(?:er)?\d+(?:\.\d+)*", word))

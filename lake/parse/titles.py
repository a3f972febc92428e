"""Which stated titles name their document, and which are left over from the program that wrote it."""

from __future__ import annotations

import re

_SUFFIXES = (
    "docx?|docm|dot|rtf|od[tps]|pages|pdf|indd|xlsx?|xlsm|csv|tsv|pptx?|tex|dvi|ps|eps|qxd|qxp|fm|pmd|p65|pub|wpd|wps|"
    "ai|md|rst|org|x?html?|php|aspx?|jsp|txt|log|json|xml|ya?ml|toml|ipynb|py|eml|msg|epub|tiff?|jpe?g|png|gif|bmp|"
    "webp|dwg"
)
#: Kinds of things that programs number, in the languages in which they are used most.
_KINDS = (
    "(?:microsoft )?(?:word |excel |powerpoint )?(?:document|dokument|documento|документ|文档|presentation|"
    "pr[aä]sentation|pr[eé]sentation|presentaci[oó]n|powerpoint.presentation|pr[eé]sentation powerpoint|"
    "powerpoint-pr[aä]sentation|workbook|book|mappe|classeur|libro|sheet|tabelle|feuil|hoja|slide|folie|page|seite|"
    "layout|scan|scanned document|image|title|titel|titre|t[ií]tulo)"
)
#: What programs write if nobody gave a title.
_UNNAMED = (
    "untitled.*|unbenannt.*|unnamed.*|ohne titel|sans (?:titre|nom)|sin (?:t[ií]tulo|nombre)|senza (?:titolo|nome)|"
    "sem t[ií]tulo|naamloos|zonder titel|namnl[oö]s|uden navn|uten navn|nimet[oö]n|bez n[aá]zv[ue]|bez tytu[lł]u|"
    "n[eé]vtelen|ads[i\u0131]z|без (?:имени|названия)|無題|无标题|未命名.*|제목 없음|بدون عنوان|"
    rf"(?:new |neues |nouveau |nuevo )?{_KINDS}(?: ?\d+)?(?: ?\(\d+\))?|print|draft|test|temp|no title|none|null|n/?a|"
    r"\((?:anonymous|unspecified|untitled|no title)\)|microsoft (?:office )?(?:word|powerpoint|excel|outlook) - .*"
)
#: Scripts with spaces between words: a title without spaces in another one is a sentence.
_SPACED = r"[!-~\u00a1-\u052f]"
_NO_TITLE = re.compile(
    rf"(?i)(?:{_UNNAMED})|.*\.(?:{_SUFFIXES})|[\W\d_]*|{_SPACED}*[\d_]{_SPACED}*|{_SPACED}+\.{_SPACED}+|{_SPACED}"
)
_CODE = rf"{_SPACED}*[a-z]{_SPACED}*[\d_]{_SPACED}*"
_FILE = re.compile(rf"(?i)(?:microsoft [\w ]+ - )?(?:.*[\\/])?(?P<name>.+\.(?:{_SUFFIXES})|{_CODE})")


def is_title(stated: str) -> bool:
    """Whether a stated title is one, and not the name or the number of a file.

    >>> is_title("Tide tables"), is_title("Microsoft Word - a.doc"), is_title("20310412"), is_title("rpt_final_2")
    (True, False, False, False)
    >>> is_title("Untitled document"), is_title("Ohne Titel"), is_title("Document 1"), is_title("2031 results")
    (False, False, False, True)
    """
    return bool(stated) and not _NO_TITLE.fullmatch(stated.strip())


def file_name(stated: str) -> str:
    """The name of a file that stands in place of a title; "" if the title is none.

    >>> file_name("Microsoft Word - tides 2031.doc"), file_name("rpt_final_2"), file_name("Tide tables")
    ('tides 2031.doc', 'rpt_final_2', '')
    """
    found = _FILE.fullmatch(stated.strip())
    return found["name"] if found else ""

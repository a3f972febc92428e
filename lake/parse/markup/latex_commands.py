"""Commands and environments of LaTeX by what they do: sections, settings, files, lists, boxes, quotes."""

from __future__ import annotations

import re

#: Commands of headings, and the level of each.
SECTIONS = {
    "part": 1, "chapter": 1, "addchap": 1, "section": 2, "addsec": 2, "cvsection": 2, "frametitle": 2, "subsection": 3,
    "cvsubsection": 3, "framesubtitle": 3, "subsubsection": 4, "paragraph": 5, "minisec": 5, "subparagraph": 6,
}  # fmt: skip
_WITH_ONE = """
    label vspace hspace usepackage documentclass documentstyle pagestyle thispagestyle bibliographystyle includegraphics
    color pagecolor hypersetup geometry graphicspath input include subfile includeonly bibliography addbibresource
    usetikzlibrary usetheme usecolortheme usefonttheme pagenumbering textcolor colorbox selectlanguage lstset
    captionsetup theoremstyle newcounter stepcounter refstepcounter phantom hphantom vphantom nocite index glossary
    cline cmidrule raisebox parbox linespread hypertarget lstinputlisting verbatiminput setmainfont setsansfont
    setmonofont newlength enlargethispage pdfbookmark setstretch newif addvspace includepdf animategraphics special
    tikzset pgfplotsset sisetup scalebox href
"""
_WITH_TWO = """
    setlength addtolength setcounter addtocounter rule fontsize resizebox fcolorbox newtheorem settowidth numberwithin
    inputminted addtokomafont setkomafont setbeamertemplate setbeamercolor setbeamerfont DeclareMathOperator
    multicolumn multirow
"""
_WITH_THREE = "definecolor addcontentsline newenvironment renewenvironment"
#: Settings, and how many of their arguments in braces are no text.
DROPPED = {
    **dict.fromkeys(_WITH_ONE.split(), 1),
    **dict.fromkeys(_WITH_TWO.split(), 2),
    **dict.fromkeys(_WITH_THREE.split(), 3),
}
#: Settings whose argument is a file of text.
FILES = frozenset(
    [
        "input",
        "include",
        "subfile",
        "bibliography",
        "addbibresource",
        "lstinputlisting",
        "verbatiminput",
        "inputminted",
        "includepdf",
    ]
)
#: What stands before the text and is printed.
STATED = (
    "title", "author", "date", "subtitle", "institute", "abstract", "keywords", "affiliation", "address", "email",
)  # fmt: skip
#: Other commands that part words.
APART = ("footnote", "footnotetext", "thanks", "caption", "captionof", "par", "and", "opening", "closing", "ps", "item")
REFERENCES = re.compile(
    r"(?:[cCvV]|page|auto|eq|name|sub|full)?[rR]ef(?:range)?|labelcref|cpageref"
    r"|(?:full|foot|no|super|smart|auto|paren|text|Text|Paren)?[cC]ite[a-zA-Z]*"
)
THEOREMS = (
    "theorem", "lemma", "proof", "definition", "corollary", "proposition", "remark", "example", "exercise",
)  # fmt: skip
#: Boxes of slides with a title.
BOXES = ("block", "alertblock", "exampleblock", "beamercolorbox")
QUOTES = ("quote", "quotation", "verse", "displayquote")
NUMBERED = ("enumerate", "compactenum", "inparaenum", "tasks", "questions", "parts", "steps")
LISTS = (
    *("itemize", "description", "compactitem", "thebibliography", "list", "trivlist"),
    *NUMBERED,
)
#: Environments, and how many of their arguments in braces are no text.
WITH_ARGUMENTS = {
    "minipage": 1, "multicols": 1, "wrapfigure": 2, "wraptable": 2, "adjustbox": 1, "thebibliography": 1,
    "subfigure": 1, "subtable": 1, "list": 2, "spacing": 1, "otherlanguage": 1, "column": 1, "floatingfigure": 1,
    "parcolumns": 1, "addmargin": 1,
}  # fmt: skip

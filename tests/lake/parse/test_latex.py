"""LaTeX: what is printed, with its structure; formulas as they are written."""

from __future__ import annotations

import pytest

from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument


def _parsed(source: str) -> ParsedDocument:
    parsed = parse(source.encode(), "a.tex")
    assert account_of(parsed).n_words_lost == 0
    return parsed


PAPER = r"""\documentclass{article}
\newcommand{\prod}{RagLake\xspace}
\newcommand{\twice}[2]{#1 and #2}
\newcommand{\todo}[1]{}
\title{On \emph{Lamps}\thanks{Funded}}
\author{Ida Berg \and Erd\H{o}s P\'al}
\begin{document}
\maketitle
\begin{abstract}We study l\"amps. % a remark
\end{abstract}
\section[Short]{Intro}\label{sec:a}
Costs 5\,\% of \prod{} \twice{one}{two}.\todo{drop me}\footnote{A note.}
\input{chapter2}
\begin{quote}Quoted\end{quote}
\iffalse switched off \fi
\begin{thebibliography}{9}\bibitem{k84} Donald Knuth.\end{thebibliography}
\end{document}
after
"""
WORDS = {
    r"na\"{\i}ve caf\'e Stra{\ss}e gar\c{c}on \AA{}ngstr\"om": "naïve café Straße garçon Ångström",
    r"un\textbf{bel}ievable {\bf bold} \textcolor{red}{red}": "unbelievable bold red",
    r"``quoted'' --- a--b ~ \& \_ \# \$5": "\u201cquoted\u201d \u2014 a\u2013b & _ # $5",
    r"See \cite[p.~3]{k84} in Section~\ref{a:b}": "See [p. 3, k84] in Section [a:b]",
    r"\verb|a_b%c| \url{http://x.org/a%20b} \href{http://y.org}{link}": "a_b%c http://x.org/a%20b link",
    r"10\textsuperscript{3} \SI{5}{\metre}": "10^3 5 metre",
    r"at \SI{2}{m/s}, by \qty{3}{\kilo\gram}.": "at 2 m/s, by 3 kilo gram.",
    r"$x_{max}^2 + \alpha$ and $5 alone": r"$x_{max}^2 + \alpha$ and $5 alone",
    r"\cventry{2010}{Job}{Company}": "2010 Job Company",
    r"Fran\c cais \lstinline{a%b} \footnotemark[3]\footnotetext[3]{Foot} shelf\/ful": (
        "Français a%b [3] shelfful\n\n[3] Foot"
    ),
    r"\begin{tabbing}one \= two\end{tabbing}": "| one | two |\n| --- | --- |",
    r"\abstract{One}\keywords{two} \iftrue yes\fi no": "One\n\ntwo\n\nyes no",
    r"\enquote{said} line\\next": "\u201csaid\u201d line\nnext",
}
TABLES = {
    "columns, rules and signs": (
        "\\begin{tabular}{|l|r|}\n\\hline\nName & Cost \\\\ \\hline\nRope \\& tar & $5$ \\\\[2pt]\n\\end{tabular}",
        ["| Name | Cost |", "| Rope & tar | $5$ |"],
    ),
    "cells over columns and rows": (
        "\\begin{tabular}{lll}\\multicolumn{2}{c}{Both} & C \\\\ "
        "\\multirow{2}{*}{Tar} & 6 & 1 \\\\ & 7 & 2\\end{tabular}",
        ["| Both |  | C |", "| Tar | 6 | 1 |", "| Tar | 7 | 2 |"],
    ),
    "a width, other line ends, a table in a cell": (
        "\\begin{tabularx}{\\textwidth}{X r}a & b \\tabularnewline one \\newline two & "
        "\\begin{tabular}{c} in \\\\ ner \\end{tabular} \\\\ \\end{tabularx}",
        ["| a | b |", "| one two | in ner |"],
    ),
    "a head on each page": (
        "\\begin{longtable}{ll}\\caption{Long}\\\\ H1 & H2 \\\\ \\endfirsthead "
        "again & H2 \\\\ \\endhead v & w \\\\\\end{longtable}",
        ["Long", "| H1 | H2 |", "| v | w |"],
    ),
}


def test_a_paper_keeps_what_is_printed() -> None:
    parsed = _parsed(PAPER)
    assert parsed.text == (
        "# On Lamps [1]\n\nIda Berg, Erdős Pál\n\n[1] Funded\n\n## Abstract\n\nWe study lämps.\n\n## Intro\n\n"
        "Costs 5 % of RagLake one and two. [2]\n\n[2] A note.\n\nQuoted\n\n- [k84] Donald Knuth."
    )
    assert (parsed.title, parsed.author) == ("On Lamps", "Ida Berg, Erdős Pál")
    assert {(one.kind, one.n_words, one.place) for one in parsed.omitted} == {
        ("hidden", 4, "comments"),
        ("hidden", 1, "text after the end"),
        ("hidden", 2, "\\todo"),
        ("repeated", 1, "short titles"),
        ("attachment", 0, "chapter2"),
    }


@pytest.mark.parametrize("source", WORDS)
def test_words_are_what_is_printed(source: str) -> None:
    assert _parsed(source).text == WORDS[source]


@pytest.mark.parametrize("name", TABLES)
def test_cells_keep_their_columns(name: str) -> None:
    source, rows = TABLES[name]
    lines = _parsed(source).text.split("\n")
    assert [row for row in rows if row not in lines] == [], lines


def test_lists_listings_and_formulas() -> None:
    parsed = _parsed(
        "\\begin{itemize}\n\\item First\n\\begin{enumerate}\\item a \\item b\\end{enumerate}\n"
        "\\item[Term] last\n\\end{itemize}\n"
        "\\begin{lstlisting}[language=Python,caption={A listing}]\nx = 5 % 3\n\\end{lstlisting}\n"
        "\\begin{myverbatim}\n$a % b\n\\end{myverbatim}\n"
        "\\begin{equation}\\label{e}\nE = \\frac{m}{c}\n\\end{equation}\n"
        "\\begin{theorem}[Euclid] Words. \\end{theorem}\n"
    )
    assert parsed.text == (
        "- First\n  1. a\n  2. b\n- Term last\n\nA listing\n\n```python\nx = 5 % 3\n```\n\n```\n$a % b\n```\n\n"
        "E = \\frac{m}{c}\n\nTheorem (Euclid). Words."
    )


def test_letters_are_written_as_a_package_for_german_has_them() -> None:
    head = "\\documentclass{a}\\usepackage[ngerman]{babel}"
    body = '\\begin{document}Gr"o"se f"ur "`K"oln"\', auf"|fassen\\end{document}'
    assert _parsed(head + body).text == "Größe für „Köln\u201c, auffassen"


def test_slides_have_their_titles() -> None:
    parsed = _parsed(
        "\\begin{frame}<1->{Slide}\n\\begin{block}{Box}in it\\end{block}\n"
        "\\begin{itemize}\\item<2-> point\\end{itemize}\\end{frame}"
    )
    assert parsed.text == "## Slide\n\nBox\n\nin it\n\n- point"


@pytest.mark.parametrize(
    "source",
    [
        "{" * 3000,
        "\\begin{itemize}" * 500,
        "\\textbf{" * 300 + "x",
        "$",
        "\\verb",
        "\\newcommand{\\a}{\\a\\a}\\a",
        "\\begin{tabular}",
    ],
)
def test_odd_sources_end(source: str) -> None:
    assert parse(f"words\n\n{source}".encode(), "a.tex").text.startswith("words")

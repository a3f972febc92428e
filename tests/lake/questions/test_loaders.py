"""Each format's files become the same questions; what can't be used is told with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lake.errors import UsageError
from lake.questions import load
from lake.questions.values import from_table, to_table


def write(path: Path, *rows: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return str(path)


def test_beir_keeps_grades_and_takes_judged_queries_alone(tmp_path: Path) -> None:
    write(tmp_path / "queries.jsonl", *({"_id": str(n), "text": f"claim {n}"} for n in range(3)))
    write(tmp_path / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore", "1\t77\t2", "1\t78\t0", "2\t78\t1")
    first, second = load("beir", str(tmp_path), set="b", source="s", uri="abstracts/{id}.txt")
    assert [(e.source, e.uri, e.grade) for e in first.evidence] == [
        ("s", "abstracts/77.txt", 2),
        ("s", "abstracts/78.txt", 0),
    ]
    assert (first.key, second.text) == ("1", "claim 2")
    with pytest.raises(UsageError, match=r"splits there: \['test'\]"):
        load("beir", str(tmp_path), set="b", split="dev")
    with pytest.raises(UsageError, match="may use \\['id'\\]"):
        load("beir", str(tmp_path), set="b", uri="{name}.md")


SQUAD = {
    "data": [
        {
            "title": "Tides",
            "paragraphs": [
                {"context": "Low water at three.", "qas": []},
                {
                    "context": "High water is at six; six is late.",
                    "qas": [
                        {"id": "q1", "question": "When is it high?", "answers": [{"answer_start": 17, "text": "six"}]}
                    ],
                },
            ],
        }
    ]
}


def test_squad_has_spans_in_paragraphs_and_quotes_in_articles(tmp_path: Path) -> None:
    path = write(tmp_path / "dev.json", SQUAD)
    (question,) = load("squad", path, set="q")
    (evidence,) = question.evidence
    assert (evidence.uri, evidence.start, evidence.end) == ("Tides/1.txt", 17, 20)
    assert (evidence.quote, evidence.before, evidence.after) == ("six", "High water is at ", "; six is late.")
    assert question.answers == ("six",)
    ((whole,),) = (one.evidence for one in load("squad", path, set="q", uri="{title}.md"))
    assert (whole.uri, whole.start, whole.quote, whole.before) == ("Tides.md", None, "six", "High water is at ")
    assert load("squad", path, set="q", uri="en-{n:04}.txt")[0].evidence[0].uri == "en-0001.txt"
    shifted = json.loads(json.dumps(SQUAD).replace("17", "18"))
    with pytest.raises(UsageError, match="'six' does not stand at 18"):
        load("squad", write(tmp_path / "shifted.json", shifted), set="q")


def test_json_lines_and_csv_say_the_same(tmp_path: Path) -> None:
    lines = write(
        tmp_path / "q.jsonl",
        {"question": "When?", "answers": ["six", "6"], "tags": ["tide"], "language": "en",
         "evidence": [{"uri": "a.md", "quote": "at six", "grade": 2},
                      {"uri": "b.md", "start": 3, "end": 9, "quote": "at six"}]},
        {"id": 7, "question": "Where?", "uri": "c.md"},
    )  # fmt: skip
    table = write(
        tmp_path / "q.csv",
        "id,question,answers,uri,quote,start,end,grade,tags,language",
        ",When?,six|6,a.md,at six,,,2,tide,en",
        ",When?,six|6,b.md,at six,3,9,,tide,en",
        "7,Where?,,c.md,,,,,,",
    )
    questions = load("jsonl", lines, set="s")
    assert questions == load("csv", table, set="s")
    assert list(from_table(to_table(questions))) == sorted(questions, key=lambda q: q.question_id)


def examples() -> list[str]:
    """The code blocks of the formats in the documentation."""
    text = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text()
    section = text[text.index("### Formats") : text.index("## Lost evidence")]
    return [block.partition("\n")[2] for block in section.split("```")[1::2]]


def test_the_documentation_shows_files_that_can_be_imported(tmp_path: Path) -> None:
    lines, table, beir, squad = examples()
    decoder, rows, rest = json.JSONDecoder(), [], lines.strip()
    while rest:
        row, end = decoder.raw_decode(rest)
        rows.append(row)
        rest = rest[end:].strip()
    pieces = [len(one.evidence) for one in load("jsonl", write(tmp_path / "q.jsonl", *rows), set="s")]
    assert pieces == [1, 3]
    (joined,) = load("csv", write(tmp_path / "q.csv", *table.strip().splitlines()), set="s")
    assert (joined.key, joined.answers, [e.grade for e in joined.evidence]) == ("q-17", ("every May", "in May"), [2, 1])
    query, *judgements = (line[15:].strip().replace("<TAB>", "\t") for line in beir.strip().splitlines())
    write(tmp_path / "queries.jsonl", query[query.index("{") :])
    write(tmp_path / "qrels" / "test.tsv", *(line.strip() for line in judgements))
    ((graded,),) = (one.evidence for one in load("beir", str(tmp_path), set="s"))
    assert (graded.uri, graded.grade) == ("pump.md", 2)
    ((span,),) = (one.evidence for one in load("squad", write(tmp_path / "q.json", json.loads(squad)), set="s"))
    assert (span.uri, span.quote) == ("Pump/0.txt", "every May")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('{"question": "When?"}', "entry 1: it names no uri"),
        ('{"question": "?", "uri": "a.md"}', "holds no word"),
        ('{"question": "When?", "uri": "a.md", "start": 4}', "not both"),
        ('{"question": "When?", "uri": "a.md", "start": 4, "end": 4}', "must hold something"),
        ('{"question": "When?", "uri": "a.md", "grade": -1}', "negative"),
        ('{"uri": "a.md"}', "no 'question'"),
        ("[1]", "no JSON object"),
        ("{", "Expecting property name"),
        ('{"question": "When?", "uri": "a.md", "grade": 1.5}', "grade is 1.5"),
        ('{"question": "When \\ud800?", "uri": "a.md"}', "half a character"),
        ('{"question": "When?", "evidence": ["a.md"]}', "no list of objects"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load("jsonl", write(tmp_path / "q.jsonl", row), set="s")

"""Every word of every document is found by full text, whatever it is written with."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.index import Index
from lake.options import RecipeOptions
from lake.search.candidates import RankedList
from lake.search.exact_words import exact_first

#: A document's name -> its text, and the words that find it and no other.
DOCUMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "war": ("The war of 1866 damaged the north pier badly.", ("war", "1866", "WAR")),
    "door": ("The cold store door must be kept shut.", ("door", "doors", "Door?")),
    "ham": ("The galley serves ham and a pot of soup.", ("ham", "pot", "and a pot")),
    "die": ("Each die is stamped while the mould is hot; no one may non-stop it.", ("mould", "nonstop", "stamped")),
    "who": ("Nobody knows why.", ("why",)),
    "vitamin": ("Hepatitis B and vitamin K, not X.", ("vitamin K", "hepatitis b", "X")),
    "cpp": ("The lamp driver is written in C++ and built nightly.", ("C++", "c++")),
    "csharp": ("The winch panel is C# on the dotnet host.", ("C#", "c#")),
    "dotnet": ("Ported to .NET and ASP.NET last spring.", (".NET", "asp.net")),
    "node": ("A node.js bridge relays alarms.", ("node.js", "Node.js")),
    "clause6": ("Clause 6.1.2 governs cranes.", ("6.1.2", "clause 6.1.2")),
    "clause7": ("Clause 7.14.3 governs ladders.", ("7.14.3", "7.14")),
    "v124": ("Firmware v12.4.9-rc1 of the foghorn.", ("v12.4.9-rc1", "12.4.9", "12.4.9-rc1")),
    "part": ("Replace part AB-4711/X by the newer one.", ("AB-4711", "ab-4711", "4711", "AB-4711/X")),
    "codes": (
        "Order 4-402.118, SKU_99817, BX.20.77 and 55-0192-Z.",
        ("4-402.118", "SKU_99817", "bx.20.77", "55-0192-z"),
    ),
    "codes2": (
        "Invoice INV/2031/0047, ticket #8812, RFC5545, QR:77:A1.",
        ("INV/2031/0047", "#8812", "8812", "rfc5545", "QR:77:A1"),
    ),
    "snake": (
        "Call read_tide_table before to_moon_phase.",
        ("read_tide_table", "tide_table", "moon phase", "to_moon_phase"),
    ),
    "camel": (
        "The getHarbourMaster method and XMLHttpBuoy.",
        ("getHarbourMaster", "get harbour master", "xmlhttpbuoy", "buoy"),
    ),
    "dunder": ("Override __enter__ and _private_keel.", ("__enter__", "_private_keel", "keel")),
    "sha": (
        "Commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904, "
        "image e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.",
        (
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            "4B825DC642CB6EB9A060E54BF8D69288FBEE4904",
            "4b825dc",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ),
    "long": (f"Serial {'QZ9' * 30} ends here.", ("QZ9" * 30,)),
    "url": (
        "See https://tides.example.org/gauge/list.html?station=77b now.",
        ("tides.example.org", "gauge", "list.html", "77b", "https://tides.example.org/gauge/list.html"),
    ),
    "mail": (
        "Write to ingrid.solberg@havn.example for keys.",
        ("ingrid.solberg@havn.example", "solberg", "havn.example"),
    ),
    "path": (
        "Logs are in /var/log/foghornd.log and D:\\Depot\\rack.ini.",
        ("foghornd.log", "/var/log/foghornd.log", "rack.ini", "depot"),
    ),
    "hyphen": (
        "A well-known e-mail about state-of-the-art gear.",
        ("well-known", "email", "e-mail", "state of the art"),
    ),
    "amp": ("R&D and AT&T share a mast.", ("R&D", "AT&T")),
    "number": (
        "It cost 1,234.50 on 2033-05-17 at 09:47, a share of 12.75%.",
        ("1,234.50", "1234.50", "2033-05-17", "09:47", "12.75", "2033"),
    ),
    "quote": ("The keeper\u2019s dog doesn\u2019t bark.", ("doesn't", "keeper", "keeper's", "doesn\u2019t")),
    "french": ("L\u2019eau et la forêt d\u2019été à l\u2019œuvre.", ("eau", "foret", "forêt", "oeuvre", "ete")),
    "german": (
        unicodedata.normalize("NFD", "Der Größenprüfer misst die Länge in Zürich."),
        ("Größenprüfer", "grossenprufer", "Zürich", "zurich", "GRÖSSENPRÜFER"),
    ),
    "shy": ("Die Donau\u00addampf\u00adschiff\u00adfahrt beginnt.", ("Donaudampfschifffahrt",)),
    "zero": ("The light\u200bkeeper and the sea\u2060farer met.", ("lightkeeper", "seafarer")),
    "nordic": (
        "Ærø, Łódź, Đakovo, Þingvellir og smørbrød.",
        ("aero", "lodz", "Łódź", "dakovo", "thingvellir", "smorbrod", "smørbrød"),
    ),
    "turkish": ("İZMİR'de ışıklar yanıyor.", ("izmir", "isiklar", "ışıklar")),
    "greek": ("Ο ΦΆΡΟΣ και ο φάρος.", ("φάρος", "φαρος", "ΦΑΡΟΣ")),
    "russian": ("Чёрный ёж и маяк.", ("черный", "чёрный", "еж", "маяк")),
    "arabic": ("الْمَنَارَةُ تُضِيءُ كُلَّ لَيْلَةٍ", ("المنارة", "المناره", "ليلة")),
    "persian": ("کشتی در بندر است", ("کشتی", "كشتي")),
    "hebrew": ("שָׁלוֹם לַמִּגְדַּלּוֹר", ("שלום", "למגדלור")),
    "hindi": ("हिन्दी में प्रकाशस्तंभ", ("हिन्दी", "प्रकाशस्तंभ")),
    "japanese": ("灯台は毎晩光ります。ﾎﾃﾙは丘の上です。", ("灯台", "ホテル", "丘", "毎晩", "ﾎﾃﾙ")),
    "chinese": ("港口的起重机每天检查。", ("起重机", "港", "检查")),
    "korean": ("등대지기가 배를 봅니다.", ("등대지기", "등대지기가", "등대")),
    "thai": ("ประภาคารส่องแสง", ("ประภาคาร", "แสง")),
    "german compound": (
        "Die Krankenversicherungsbeiträge der Angestellten sind wieder gestiegen, wie in jedem Jahr zuvor.",
        ("Versicherung", "Beitrag", "Krankenversicherung", "Beiträge zur Krankenversicherung"),
    ),
    "dutch compound": (
        "De zorgverzekeringspremies van alle werknemers zijn dit jaar weer gestegen, net als in het jaar daarvoor.",
        ("verzekering", "zorgverzekering", "premie voor de zorgverzekering"),
    ),
    "norwegian compound": (
        "Helseforsikringspremien for alle ansatte har økt igjen i år, akkurat som den gjorde året før.",
        ("forsikring", "helseforsikring"),
    ),
    "hebrew prefixes": ("וכשהגענו לנמל ראינו את המגדל", ("נמל", "הנמל", "מגדל")),
    "arabic and": ("ذهبت والسفينة راسية فالميناء بعيد", ("السفينة", "سفينة", "الميناء")),
    "russian plural": ("Старые корабли на набережных", ("корабль", "набережная", "СТАРЫЙ")),
    "greek plural": ("Οι άνθρωποι της Θεσσαλονίκης", ("άνθρωπος", "ΘΕΣΣΑΛΟΝΙΚΗ")),
    "persian joiner": ("کتاب\u200cهای دریا را می\u200cخوانم", ("کتاب", "کتاب های", "می خوانم", "میخوانم")),
    "korean particles": ("배는 항구로 간다", ("배", "항구")),
    "traditional": ("舊碼頭的倉庫", ("旧码头", "仓库", "倉庫")),
    "simplified": ("渔船的发动机", ("漁船", "發動機", "发动机")),
    "phone": ("Call (555) 019-4477 or 0171/3344556.", ("5550194477", "555-019-4477", "01713344556")),
    "card": ("Card 4111 1111 2222 3333 is void.", ("4111111122223333",)),
    "danish": ("Ålesund havn", ("Aalesund", "alesund")),
    "width": ("Ｆｕｌｌｗｉｄｔｈ code ＺＸ８１.", ("fullwidth", "ZX81", "ＺＸ８１")),
    "ligature": ("The ﬁgurehead and the ﬂoe.", ("figurehead", "floe")),
    "okina": (
        "The Hawaiʻi ferry and Qurʼān shelf of O\u2019Brine.",
        ("Hawaii", "Hawai'i", "Quran", "OBrine", "o'brine"),
    ),
    "initials": ("Built in the U.S.A. for N.A.V.Y. use.", ("USA", "u.s.a", "U.S.A.", "navy")),
    "grouped": ("Worth 5,00,000 or 1'777.25 or 3.444,60 or 88\u202f500 kr.", ("500000", "1777.25", "3444,60", "88500")),
    "iban": ("Pay DE89 3704 0044 0532 0130 00 only.", ("DE89370400440532013000", "de89 3704 0044")),
    "mac": ("The modem 00:1A:2B:3C:4D:5E blinks.", ("00:1a:2b:3c:4d:5e", "001A2B3C4D5E", "00-1A-2B-3C-4D-5E")),
    "stamp": ("Logged 2041-05-04T10:22:33+02:00 by all.", ("2041-05-04", "10:22:33", "2041-05")),
    "signs": ("Paid £71, $72.50, §73 and -74 for #75.", ("£71", "$72.50", "§73", "-74", "#75")),
    "signless": ("The 71, 72.50, 73, 74 and 75 of the 71.", ()),
    "halves": ("Add ¾ cup, then 8½ more.", ("3/4", "¾", "8½")),
    "compound": ("Posted #OpenAnchor_2040 and 9_000_001.", ("OpenAnchor", "openanchor", "#OpenAnchor_2040", "9000001")),
    "picture": ("Launched 🚀 and 👩\u200d🔧 fix it, 🇳🇴 too.", ("🚀", "🇳🇴", "👩\u200d🔧", "🔧")),
    "digits": ("العام ٢٠٦٧ ثم ۱۴۰۵، वर्ष २०६९", ("2067", "٢٠٦٧", "1405", "2069")),
    "thai digits": ("ปี ๒๕๗๑", ("๒๕๗๑", "2571")),
    "nukta": ("ज़मीन पर", ("ज़मीन", "जमीन")),
    "yiddish": ("דאָס װאַסער", ("װאַסער", "וואסער")),
    "schwa": ("Gəncə şəhəri və ƙofar ɗaki", ("Gəncə", "gence", "kofar", "daki")),
    "armenian": ("Երևան քաղաք", ("Երևան", "ԵՐԵՎԱՆ", "երեվան")),
}
QUERIES = [(query, name) for name, (_, queries) in DOCUMENTS.items() for query in queries]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("words")
    (folder / "docs").mkdir()
    for name, (text, _) in DOCUMENTS.items():
        (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    return built(folder, "docs")


def built(folder: Path, source: str, **recipe: str) -> Index:
    settings = RecipeOptions(embedder="hash", **recipe)  # type: ignore[arg-type]
    with PlainSteps() as steps:
        reindex(Job(sources=(str(folder / source),), lake=str(folder / "lake"), settings=settings), steps)
    return lake.open_lake(str(folder / "lake"))


def found(index: Index, query: str, **options: object) -> list[str]:
    hits = index.search(query, 60, mode="text", **options)  # type: ignore[arg-type]
    return [uri.removesuffix(".md") for uri in hits["uri"].to_pylist()]


@pytest.mark.parametrize(("query", "name"), QUERIES)
def test_a_word_finds_its_document_first(index: Index, query: str, name: str) -> None:
    assert found(index, query)[:1] == [name]


@pytest.mark.parametrize(
    ("phrase", "names"),
    [
        ("clause 6.1.2", ["clause6"]),
        ("clause 7.14.3", ["clause7"]),
        ("clause 1.2", []),
        ("pot of soup", ["ham"]),
        ("soup of pot", []),
        ("vitamin K", ["vitamin"]),
        ("vitamin B", []),
        ("state of the art", ["hyphen"]),
        ("well-known e-mail", ["hyphen"]),
        ("written in C++", ["cpp"]),
        ("panel is C#", ["csharp"]),
        ("灯台は毎晩", ["japanese"]),
        ("台灯", []),
        ("read_tide_table before", ["snake"]),
        ("state-of-the-art gear", ["hyphen"]),
        ("vitamin-K", ["vitamin"]),
    ],
)
def test_phrases_mean_what_they_say(index: Index, phrase: str, names: list[str]) -> None:
    assert found(index, f'"{phrase}"') == names, "quotation marks around a whole question make it a phrase"
    assert found(index, f'"{phrase}"', syntax="boolean") == names
    assert found(index, f"\u201e{phrase}\u201c") == names, "so do those of word processors"


def test_words_can_be_required_and_excluded(index: Index) -> None:
    assert found(index, "+clause +6.1.2", syntax="boolean") == ["clause6"]
    assert found(index, "+clause -6.1.2", syntax="boolean") == ["clause7"]
    assert found(index, "+governs +the", syntax="boolean") == [], "a required word is not left out as a stop word"
    hits = index.search("Zurihc", 5, mode="text", fuzziness=2)
    assert hits["uri"].to_pylist()[0] == "german.md"


def test_short_words_and_characters_have_no_misspellings(index: Index) -> None:
    assert found(index, "灯台", fuzziness=2) == ["japanese"]
    assert found(index, "71", fuzziness=1)[0] == "signless"
    assert "codes" not in found(index, "71", fuzziness=1)
    assert found(index, "Grossenprufr", fuzziness=1)[:1] == ["german"]


def test_the_very_word_comes_before_its_other_forms(tmp_path: Path) -> None:
    texts = {
        "resume": "The crew will resume the work at noon, when the tide is low, and keep to the list of the mate.",
        "cv": "Une page de résumé, une de résumé.",
        "war": "A war damaged the north pier, the mole and the store, and the keys were lost in the harbour.",
        "wars": "Wars upon wars.",
    }
    (tmp_path / "docs").mkdir()
    for name, text in texts.items():
        (tmp_path / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    index = built(tmp_path, "docs")
    assert found(index, "Resume")[0] == "resume"
    assert found(index, "résumé")[0] == "cv"
    assert found(index, "war?") == ["war", "wars"]
    assert found(index, "WARS") == ["wars", "war"]
    assert found(index, "war wars")[0] == "wars", "several words weigh as before"


def test_the_whole_run_comes_before_its_characters(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    texts = {"whole": "東京都の図書館でプログラミングを学ぶ人が多い。", "parts": "図の書館と藏書館"}
    for name, text in texts.items():
        (tmp_path / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    assert found(built(tmp_path, "docs"), "図書館") == ["whole", "parts"]


def test_other_forms_keep_their_weight_if_no_text_holds_the_word() -> None:
    ranked = RankedList("text", np.array([4, 7]), np.array([2.0, 1.0]))
    texts = {"text": ["wars", "two wars"]}

    def rows(row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        return pa.table({name: texts.get(name, [None] * len(row_ids)) for name in columns})

    assert exact_first(ranked, "war", rows) is ranked
    assert exact_first(ranked, "wars?", rows).scores.tolist() == [2.0, 1.0]
    texts["text"][1] = "a War"
    assert exact_first(ranked, "war", rows).row_ids.tolist() == [7, 4]
    texts["text"] = ["Change 6 of 16.1.2", "Clause 6.1.2."]
    assert exact_first(ranked, "6.1.2", rows).scores.tolist() == [1.0, 0.5], "the parts of an identifier count less"


def test_of_a_long_list_only_the_first_texts_are_read() -> None:
    n = 2000
    read: list[int] = []

    def rows(row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        read.append(len(row_ids))
        assert columns[-1] == "situation"
        return pa.table({name: ["a war" if row == 3 else "wars" for row in row_ids] for name in columns})

    found = exact_first(RankedList("text", np.arange(n), np.linspace(9, 1, n)), "war", rows, ["situation"])
    assert read[0] < n
    assert found.row_ids.tolist() == [3, *(row for row in range(n) if row != 3)]


def test_accents_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cold.md").write_text("The pâté is served cold.", encoding="utf-8")
    (tmp_path / "docs" / "plain.md").write_text("The pate of the head is bald.", encoding="utf-8")
    index = built(tmp_path, "docs", text_tokenizer="words/accents")
    assert found(index, "pâté") == ["cold"]
    assert found(index, "pate") == ["plain"]


def test_another_tokenizer_can_be_chosen_and_left_again(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "war.md").write_text("# War\n\nThe war in clause 6.1.2.", encoding="utf-8")
    assert found(built(tmp_path, "docs", text_tokenizer="icu/split"), "war") == []
    for tokenizer, expected in (("words", ["war"]), ("icu/split", []), ("words", ["war"])):
        with PlainSteps() as steps:
            settings = RecipeOptions(text_tokenizer=tokenizer)  # type: ignore[arg-type]
            job = Job((str(tmp_path / "docs"),), str(tmp_path / "lake"), settings, change_recipe=True)
            outcome = reindex(job, steps)
        assert (outcome.published, outcome.n_texts_embedded) == (True, 0)
        index = lake.open_lake(str(tmp_path / "lake"))
        assert found(index, "war") == expected
        chunk = index.dataset("chunks").to_table().to_pylist()[0]
        assert (chunk["words"] is None) == (tokenizer != "words")

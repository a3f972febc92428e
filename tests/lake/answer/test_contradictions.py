"""Sentences that state the opposite of their source, and true ones that look as if they did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.answer.answering import answer
from lake.answer.contradictions import SourceText, contradictions
from lake.answer.figures import TOKEN, figures
from lake.answer.support import checked
from lake.answer.values import CitedSource
from lake.options import AnswerOptions
from tests.lake.answer.test_answering import search as _search

search = _search

ENGLISH = """You should never hold the red button while the pump runs. The valve closes at 80 degrees and opens at 65.
The museum opened before the war, in 1938. Admission costs 12 euros for adults and 5 euros for children.
Nurse Berg trained Doctor Hald in Oslo. Pressure rises when the lamp is on. About 1.5 million people visit each year.
Refunds are possible within thirty days. The Alpha 300 has two fans, the Beta 500 has four. Batteries are not included.
Visitors must not feed the seals. Only members may borrow boats. The ferry failed to reach Bergen in 2015."""
GERMAN = """Die Anlage darf nicht ohne Filter betrieben werden. Das Ventil schließt bei 80 Grad.
Der Vertrag endet nach zwölf Monaten. Die Kosten sind seit 2019 gesunken."""
FORMS = """The contract was signed on November 29, 2026 at 2:30 pm. It weighs 80 kg. Refunds take one hour.
The tank holds half a litre. The path is 2 km long. The fee is 1.50 euros. Delivery takes two weeks.
Call +47 22 33 44 55 between 9:00 and 17:00. Sales rose 12 % to $3.5 million in 2025. Members pay nothing."""
RULES = """The ferry to Bergen sails on 4 March 2024 and the one to Oslo on 9 May. The office is closed on Mondays.
Boats may be borrowed only with a licence. The lock opens at dawn unless the water is higher than two metres.
Fees are not refunded, except for members of the club. Lamps run without oil. Sales rose in Bergen and fell in Oslo."""
REGELN = """Das Boot darf nur mit Schein benutzt werden. Der Bericht ist bis zum 15. Oktober 2023 abzugeben.
Die Schleuse öffnet um sechs Uhr, es sei denn, es herrscht Sturm. Meier verkaufte die Mühle an Vogt. Das Tor steht noch
offen."""
HOURS = """The museum is open daily except Monday. The pass is open from 1 June to 15 October and closed on Fridays.
The bridge is shut between December and February. Apart from the crew, nobody may enter the hold.
Members save ten euros on tickets."""
ZEITEN = """Der Zoo ist täglich außer montags geöffnet. Das Bad ist von Mai bis August offen.
Hunde sind nicht erlaubt, außer Blindenhunde. Ausschließlich Mitglieder stimmen ab."""
HORAS = """El museo abre todos los días excepto los lunes. El puerto abre de junio a octubre.
El aviso se envía al menos diez días antes."""
STEPS = """First unplug the kiln, then hold the switch for at least ten seconds. Filters are washed twice a year.
The tenant pays for repairs up to 90 euros; the landlord pays for all others. A blue lamp means that the line is up, a
white lamp means that it is down. Notes are due on the third day. The chest weighs 40 kg. Never freeze the paint. The
guide ignores dates but respects names. Sweep the flue before use. The hoist lifts up to six people or 450 kg."""
HOUSE = """Open the valve slowly. Unlabelled jars go to the cook.
Refrain from pulling out the holder while the lamp is red. Switch off the fan when a door is open.
Add the acid slowly to the water. All parts except the tray may be washed.
Theft from a locked van is covered, theft from an unlocked van is not.
Press the button for no longer than five seconds. Small firms pay monthly, large ones quarterly.
Brush the loaf with milk rather than egg. The cellar is inaccessible to carts.
Side effects are more common after the second dose than after the first. Turn off the tap before you leave."""
KINDS = """Captain Daniel Woodriff sailed from England and settled at Hobart. He studied law and philosophy in Lund.
The camp held 402 people: 307 convicts and 9 officers. Cortisol is anti-inflammatory. The oven reaches 565 °C.
It needs Python 2.13.23 or newer. He thought he was the last surviving lord. The creek runs for 20 mi.
Permits last as long as ten years. The Chilean president spoke. Reviewers condemned the plan. UN staff left.
The ban ended a decade after the war. Names match ^[a-z]{1,64}$ only. Anna and Ben own the Lund and Hobart mills,
respectively."""
FOLLOWS = """The kiosk is open on Tuesday, Wednesday and Thursday in winter. The upgrade raised the throughput from
10 to 100 jobs. Staff earn 2.5 days of leave per month. Some 40% of the tickets are sold online. Plates are stacked by
hand.
All parts may go in the dishwasher, with the exception of the lid. Objects
moving freely in a field travel in straight lines."""
SPANISH = """No se debe pulsar el botón rojo. La válvula se cierra a 80 grados. El contrato dura veintidós meses."""


@pytest.mark.parametrize(
    ("source", "sentence", "kind"),
    [
        (ENGLISH, "You should hold the red button while the pump runs.", "negation"),
        (ENGLISH, "Hold the red button while the pump is running.", "negation"),
        (ENGLISH, "The valve does not close at 80 degrees.", "negation"),
        (ENGLISH, "Batteries are included.", "negation"),
        (ENGLISH, "Visitors must feed the seals.", "negation"),
        (ENGLISH, "The museum didn\u2019t open in 1938.", "negation"),
        (ENGLISH, "Refunds are not possible within thirty days.", "negation"),
        (ENGLISH, "The ferry managed to reach Bergen in 2015.", "negation"),
        (ENGLISH, "The valve closes at 65 degrees.", "number"),
        (ENGLISH, "The valve closes at 90 degrees.", "number"),
        (ENGLISH, "The museum opened in 1983.", "number"),
        (ENGLISH, "Refunds are possible within 60 days.", "number"),
        (ENGLISH, "About 15 million people visit each year.", "number"),
        (FORMS, "It weighs 90 kg.", "number"),
        (FORMS, "Refunds take 90 minutes.", "number"),
        (FORMS, "Delivery takes 21 days.", "number"),
        (FORMS, "The tank holds 5 litres.", "number"),
        (ENGLISH, "The museum opened after the war.", "opposite"),
        (ENGLISH, "Pressure falls when the lamp is on.", "opposite"),
        (ENGLISH, "Doctor Hald trained Nurse Berg in Oslo.", "exchange"),
        (GERMAN, "Das Ventil schließt bei 80 Grad nicht.", "negation"),
        (GERMAN, "Das Ventil schließt bei 90 Grad.", "number"),
        (GERMAN, "Der Vertrag endet nach zwei Monaten.", "number"),
        (GERMAN, "Die Kosten sind seit 2019 gestiegen.", "opposite"),
        (SPANISH, "Se debe pulsar el botón rojo.", "negation"),
        (RULES, "The ferry to Bergen sails on 4 April 2024.", "date"),
        (RULES, "The ferry to Bergen sails on 4 May 2024.", "date"),
        (RULES, "The office is closed on Tuesdays.", "date"),
        (RULES, "Boats may be borrowed without a licence.", "condition"),
        (RULES, "The lock opens at dawn if the water is higher than two metres.", "condition"),
        (RULES, "Fees are not refunded, even for members of the club.", "condition"),
        (REGELN, "Das Boot darf auch ohne Schein benutzt werden.", "condition"),
        (REGELN, "Der Bericht ist bis zum 15. November 2023 abzugeben.", "date"),
        (REGELN, "Die Schleuse öffnet um sechs Uhr, auch wenn Sturm herrscht.", "condition"),
        (REGELN, "Vogt verkaufte die Mühle an Meier.", "exchange"),
        (HOURS, "The pass is open in November.", "date"),
        (HOURS, "The bridge is shut in March.", "date"),
        (HOURS, "The pass is closed on Sundays.", "date"),
        (ZEITEN, "Das Bad ist im September offen.", "date"),
        (ZEITEN, "Der Zoo ist auch montags geöffnet.", "condition"),
        (ZEITEN, "Auch Blindenhunde sind nicht erlaubt.", "condition"),
        (STEPS, "Hold the switch before you unplug the kiln.", "exchange"),
        (STEPS, "Use the flue before you sweep it.", "exchange"),
        (STEPS, "The switch is held for at most ten seconds.", "condition"),
        (STEPS, "Filters are washed once a year.", "number"),
        (STEPS, "Filters are washed three times a year.", "number"),
        (STEPS, "Repairs up to 90 euros are paid by the landlord.", "exchange"),
        (STEPS, "A blue lamp means that the line is down.", "opposite"),
        (STEPS, "Notes are due on the thirteenth day.", "number"),
        (STEPS, "The chest weighs 40 pounds.", "number"),
        (STEPS, "The paint should be frozen.", "negation"),
        (HOUSE, "Labelled jars go to the cook.", "opposite"),
        (HOUSE, "The cellar is accessible to carts.", "opposite"),
        (HOUSE, "Pull out the holder while the lamp is red.", "negation"),
        (HOUSE, "Close the valve slowly.", "opposite"),
        (HOUSE, "Switch on the fan when a door is open.", "opposite"),
        (HOUSE, "Add the water slowly to the acid.", "exchange"),
        (HOUSE, "Only the tray may be washed.", "condition"),
        (HOUSE, "Small firms pay quarterly.", "exchange"),
        (HOUSE, "Brush the loaf with egg rather than milk.", "exchange"),
        (HOUSE, "Brush the loaf with egg.", "exchange"),
        (HOUSE, "Turn off the tap after you leave.", "exchange"),
        (KINDS, "Captain Woodriff sailed from Portugal and settled at Hobart.", "name"),
        (KINDS, "He studied law and medicine in Lund.", "item"),
        (KINDS, "The camp held 307 people.", "number"),
        (KINDS, "Cortisol is pro-inflammatory.", "opposite"),
        (KINDS, "It needs Python 2.31.23 or newer.", "number"),
        (KINDS, "The oven reaches 565 °F.", "number"),
        (KINDS, "The creek runs for 20 km.", "number"),
        (KINDS, "Permits last at least ten years.", "condition"),
        (KINDS, "Reviewers praised the plan.", "opposite"),
        (KINDS, "The ban ended two decades after the war.", "number"),
        (FOLLOWS, "The kiosk is open on four days in winter.", "number"),
        (FOLLOWS, "Staff earn 25 days of leave per year.", "number"),
        (FOLLOWS, "Four in five tickets are sold online.", "number"),
        (FOLLOWS, "Only the lid may go in the dishwasher.", "condition"),
        (SPANISH, "La válvula no se cierra a 80 grados.", "negation"),
        (SPANISH, "El contrato dura doce meses.", "number"),
    ],
)
def test_a_sentence_against_its_source_is_found(source: str, sentence: str, kind: str) -> None:
    assert kind in {one.kind for one in contradictions(sentence, SourceText(source))}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (ENGLISH, "The valve closes at 80 \u00b0C."),
        (ENGLISH, "Never hold the red button while the pump is running."),
        (ENGLISH, "Holding the red button while the pump runs is forbidden."),
        (ENGLISH, "The museum was opened in 1938, before the war."),
        (ENGLISH, "Adults pay 12 euros and children 5 euros."),
        (ENGLISH, "Children pay five euros."),
        (ENGLISH, "Doctor Hald was trained by Nurse Berg in Oslo."),
        (ENGLISH, "1,500,000 people visit each year."),
        (ENGLISH, "Refunds are possible within 30 days."),
        (ENGLISH, "The Beta 500 has 4 fans, two more than the Alpha 300."),
        (ENGLISH, "Batteries do not come with it."),
        (ENGLISH, "It is not allowed to feed the seals."),
        (ENGLISH, "Boats can't be borrowed unless you are a member."),
        (ENGLISH, "The ferry did not reach Bergen in 2015."),
        (FORMS, "The contract was signed on 2026-11-29."),
        (FORMS, "The contract was signed on 29/11/2026 at 14:30."),
        (FORMS, "Refunds take 60 minutes."),
        (FORMS, "The tank holds 500 ml."),
        (FORMS, "The path is 2,000 metres long."),
        (FORMS, "The fee is 150 cents."),
        (FORMS, "Delivery takes 14 days."),
        (FORMS, "Call +47 22334455 between 9:00 and 17:00."),
        (FORMS, "Sales rose by 12 percent to 3,500,000 dollars in 2025."),
        (FORMS, "Members pay 0 euros."),
        (GERMAN, "Ohne Filter darf die Anlage nicht betrieben werden."),
        (GERMAN, "Der Vertrag endet nach 12 Monaten."),
        (GERMAN, "Seit 2019 sind die Kosten gefallen."),
        (SPANISH, "El contrato dura 22 meses."),
        (SPANISH, "No pulse el botón rojo."),
        (RULES, "The ferry to Oslo sails on 9 May 2024."),
        (RULES, "Boats may not be borrowed without a licence."),
        (RULES, "The lock does not open at dawn if the water is higher than two metres."),
        (RULES, "Members of the club get fees refunded."),
        (RULES, "The lamps run."),
        (RULES, "Sales rose in Bergen."),
        (REGELN, "Ohne Schein darf das Boot nicht benutzt werden."),
        (REGELN, "Bei Sturm öffnet die Schleuse um sechs Uhr nicht."),
        (REGELN, "Meier hat Vogt die Mühle verkauft."),
        (REGELN, "Das Tor steht offen."),
        (HOURS, "The museum is open on Tuesdays."),
        (HOURS, "The pass is open in August."),
        (HOURS, "The bridge is shut in January."),
        (HOURS, "Nobody other than the crew may enter the hold."),
        (HOURS, "Members get tickets ten euros cheaper."),
        (ZEITEN, "Der Zoo ist dienstags geöffnet."),
        (ZEITEN, "Im Juni ist das Bad offen."),
        (ZEITEN, "Blindenhunde sind erlaubt."),
        (ZEITEN, "Nur Mitglieder stimmen ab."),
        (STEPS, "Unplug the kiln before you hold the switch."),
        (STEPS, "After the kiln is unplugged, hold the switch."),
        (STEPS, "Hold the switch for ten seconds or more."),
        (STEPS, "Filters are washed two times a year."),
        (STEPS, "Repairs up to 90 euros are paid by the tenant."),
        (STEPS, "The tenant pays for small repairs, and the landlord pays for all others."),
        (STEPS, "A white lamp means that the line is down."),
        (STEPS, "Notes have to be handed in by the 3rd day."),
        (STEPS, "Dates are ignored by the guide."),
        (STEPS, "The hoist can lift at most 450 kg."),
        (HOUSE, "Unlabelled jars are given to the cook."),
        (HOUSE, "The cellar is not accessible to carts."),
        (HOUSE, "Don't pull out the holder while the lamp is red."),
        (HOUSE, "Add the acid to the water slowly."),
        (HOUSE, "The tray may not be washed."),
        (HOUSE, "Theft from an unlocked van isn't covered."),
        (HOUSE, "Theft from a locked van is covered."),
        (HOUSE, "Press the button for at most five seconds."),
        (HOUSE, "Large firms pay quarterly."),
        (HOUSE, "Brush the loaf with milk instead of egg."),
        (HOUSE, "Side effects are less common after the first dose than after the second."),
        (HOUSE, "Leave after you turn off the tap."),
        (HORAS, "El museo abre los martes."),
        (HORAS, "En agosto abre el puerto."),
        (HORAS, "El aviso se envía diez días antes como mínimo."),
        (KINDS, "Captain Woodriff came from England and settled at Hobart."),
        (KINDS, "In Europe he studied law and philosophy."),
        (KINDS, "There were 307 convicts among the 402 people of the camp."),
        (KINDS, "He believed that no other lord had survived."),
        (KINDS, "The creek runs for 32 km."),
        (KINDS, "The oven reaches 1049 °F."),
        (KINDS, "Permits last at most ten years."),
        (KINDS, "The president of Chile spoke."),
        (KINDS, "The ban ended ten years after the war."),
        (KINDS, "Names have at most 64 letters."),
        (KINDS, "The staff of the United Nations left."),
        (KINDS, "Anna owns the mill of Lund and Ben that of Hobart."),
        (FOLLOWS, "The kiosk is open on three days in winter."),
        (FOLLOWS, "The upgrade made the throughput ten times as high."),
        (FOLLOWS, "Staff earn 30 days of leave per year."),
        (FOLLOWS, "Two in five tickets are sold online."),
        (FOLLOWS, "Only the lid may not go in the dishwasher."),
        (FOLLOWS, "Freely moving objects travel in straight lines."),
        (FOLLOWS, "Plates are stacked without hurry."),
    ],
)
def test_a_true_sentence_is_not(source: str, sentence: str) -> None:
    assert contradictions(sentence, SourceText(source)) == []


@given(st.text(max_size=60), st.text(alphabet="0123456789.,:-/ ²½፩٣一\u0307'kg%$", max_size=40))
def test_no_characters_break_it(text: str, numbers: str) -> None:
    for stated, source in ((text, numbers), (numbers, text), (numbers, numbers), (text, text)):
        contradictions(stated, SourceText(source))


@given(st.lists(st.sampled_from(ENGLISH.split() + GERMAN.split() + ["not", "\u0000", "7", "(", "2,5"]), max_size=40))
def test_no_text_breaks_it_and_none_contradicts_itself(words: list[str]) -> None:
    text = " ".join(words)
    assert contradictions(text, SourceText("")) == []
    assert [one for one in contradictions(text, SourceText(text)) if one.kind == "number"] == []


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("1,234.5 and 1.234,5", "en", [1234.5, 1234.5]),
        ("1 234 and 12\u202f345", "en", [1.0, 234.0, 12345.0]),
        ("3.5 million, 20 thousand", "en", [3.5e6, 2e4]),
        ("zweiundzwanzig Millionen", "de", [22e6]),
        ("\u0663 and \u0967\u0968", "en", [3.0, 12.0]),
        ("one of them", "en", []),
    ],
)
def test_numbers_are_read(text: str, language: str, values: list[float]) -> None:
    assert [figure.low for figure in figures(TOKEN.findall(text), language)] == values


def test_ranges_and_roundings_hold_what_they_mean() -> None:
    source = SourceText("It was built in 1872. In all 48 % agreed. The tower is 199.6 metres high; 12,345 came.")
    for true in ("It was built in the 1870s.", "It was built in the 19th century.", "About 50 % agreed."):
        assert contradictions(true, source) == []
    assert contradictions("In all 12,000 came.", source) == []
    assert contradictions("It was built in the 1880s.", source)
    assert contradictions("In all 84 % agreed.", source)


def test_a_name_from_the_title_is_known() -> None:
    text = "It was opened by the mayor of Lund in 1835."
    sentence = "The Grainger Market was opened by the mayor of Lund in 1835."
    assert contradictions(sentence, SourceText(text, "The Grainger Market")) == []
    assert [one.kind for one in contradictions(sentence, SourceText(text))] == ["name"]


def test_the_source_that_is_cited_counts() -> None:
    texts = ("The red pump holds 3 litres of oil.", "The blue pump holds 5 litres of oil.")
    sources = [
        CitedSource(n, "a.md", "s", "", "", None, "paragraph", "d", 0, len(text), text, 1.0)
        for n, text in enumerate(texts, 1)
    ]
    found = checked("The red pump holds 5 litres of oil [1]. The blue pump holds 5 litres of oil [2].", sources)
    assert [sentence.supported for sentence in found.sentences] == [False, True]
    (problem,) = found.problems
    assert problem.kind == "contradicted"
    assert "'5' against" in problem.message
    together = checked("The red pump holds 3 litres and the blue pump 5 litres of oil [1][2].", sources)
    assert together.problems == ()


def test_an_answer_against_its_source_has_low_confidence(search: Any, endpoint: Any) -> None:
    options = AnswerOptions(k=4, min_evidence=0.0)
    endpoint.replies[0] = "Hold the red button for 7 seconds until the lamp turns green [1]."
    right = answer(search, "How is the pump reset?", chat="openai:local", options=options)
    assert right.confidence_level == "high"
    assert "sources support 1 of 1 sentence" in right.confidence_reasons
    endpoint.replies[0] = "Never hold the red button for 7 seconds until the lamp turns green [1]."
    wrong = answer(search, "How is the pump reset?", chat="openai:local", options=options)
    assert wrong.confidence <= 0.2
    assert wrong.confidence_level == "low"
    assert [problem.kind for problem in wrong.problems] == ["contradicted"]
    assert wrong.to_json()["sentences"][0]["contradictions"][0]["kind"] == "negation"


@pytest.mark.parametrize(
    ("reply", "kinds", "level"),
    [
        ({"sentences": [{"number": 1, "verdict": "contradicted"}]}, ["contradicted"], "low"),
        ({"sentences": [{"number": 1, "verdict": "not stated"}]}, ["unsupported"], "low"),
        ({"sentences": [{"number": 1, "verdict": "supported"}]}, [], "high"),
        ({"sentences": [{"number": 2, "verdict": "supported"}]}, [], "high"),
        ("no JSON", [], "high"),
    ],
)
def test_the_model_may_check_what_it_wrote(
    search: Any, endpoint: Any, reply: Any, kinds: list[str], level: str
) -> None:
    said = "Hold the red button for 7 seconds until the lamp turns green [1]."
    endpoint.replies.clear()
    endpoint.replies.extend([said, reply if isinstance(reply, str) else json.dumps(reply)])
    options = AnswerOptions(k=4, min_evidence=0.0, check="model")
    told = answer(search, "How is the pump reset?", chat="openai:local", options=options)
    assert [problem.kind for problem in told.problems] == kinds
    assert told.confidence_level == level
    assert bool(told.notes) == (len(endpoint.requests) == 3)  # the reply was of no use, nor was its repair
    assert told.usage is not None
    assert told.usage.n_calls == len(endpoint.requests) >= 2
    assert "1. Hold the red button" in endpoint.prompt(1)

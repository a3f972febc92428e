"""Three reports for questions about pages: facts that people wrote, and sentences for the sections between them."""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    """A paragraph (or rows of a table) that answers a question; ``evidence`` stands on one page and once in the report.

    ``note`` is the text of a footnote to the paragraph. ``rows`` makes a table under the paragraph.
    """

    heading: str
    text: str
    question: str
    evidence: str
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    caption: str = ""


class Report(NamedTuple):
    """A report: ``sentences`` have slots ``{n}``, ``{year}``, ``{place}`` and ``{thing}``."""

    name: str
    title: str
    chapters: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]


WATER = Report(
    "water-annual-report.pdf",
    "Harrow Valley Water: annual report and accounts 2031",
    ("Strategic review", "Network and supply", "Customers", "Risk and internal control", "Notes to the accounts"),
    ("Arlow", "Brenk", "Corvin", "Dalby", "Elmet", "Farrow", "Gorse", "Hythe"),
    ("trunk mains", "treatment works", "pumping stations", "reservoirs", "meters", "storm tanks", "laboratories"),
    (
        "Spending on {thing} in {place} rose to {n} thousand crowns, which is in line with the plan of {year}.",
        "The regulator reviewed our figures for {thing} and raised {n} points, all of which were settled by year end.",
        "In {place}, {n} households were without water for more than six hours, mainly during the frost of January.",
        "Leakage in the district of {place} fell by {n} thousand litres a day after the {thing} had been renewed.",
        "Depreciation of {thing} is charged on a straight line over their useful lives.",
        "The directors considered an impairment of the {thing} at {place} and concluded that none was needed.",
        "Complaints about {thing} numbered {n}, against a target that had been set in {year}.",
        "A loan of {n} thousand crowns, repayable in {year}, finances the {thing} that serve {place}.",
        "Staff at {place} completed {n} hours of training in the operation of {thing}.",
        "Contingent liabilities in respect of {thing} are not expected to lead to a material outflow.",
    ),
    (
        Fact(
            "Pension obligations",
            "The scheme is closed to new members. The actuary valued it at the end of December, using a discount rate "
            "of 4.15 per cent and the mortality tables of the national institute.",
            "what rate did the actuary use to discount retirement benefits?",
            "4.15 per cent",
        ),
        Fact(
            "Remuneration of the auditor",
            "Fees paid to the auditor and its associates were as follows, in thousand crowns.",
            "How much was the audit firm paid for tax advice?",
            "Taxation advice 47",
            (
                ("Service", "2031", "2030"),
                ("Audit of the annual accounts", "312", "298"),
                ("Taxation advice", "47", "39"),
                ("Other assurance", "21", "18"),
            ),
        ),
        Fact(
            "Events after the reporting date",
            "On 14 February 2032 a burst of the northern aqueduct flooded the depot at Dalby. Insurance covers the "
            "damage save for an excess of 250 thousand crowns.",
            "flood after year end and the part of it the insurer will not pay",
            "northern aqueduct",
        ),
        Fact(
            "Water quality",
            "Of 18,402 samples taken at taps, 99.97 per cent met the standard.",
            "Why did six tap samples fail because of lead?",
            "service pipes laid before 1958",
            note="Six samples exceeded the limit for lead; all came from houses with service pipes laid before 1958.",
        ),
        Fact(
            "Segment information",
            "Revenue by segment, in million crowns, is shown in the table.",
            "revenue from industrial customers last year",
            "Industrial customers 61.8",
            (
                ("Segment", "Revenue", "Margin"),
                ("Households", "203.4", "18%"),
                ("Industrial customers", "61.8", "24%"),
                ("Bulk supply to neighbours", "12.9", "9%"),
            ),
        ),
    ),
)

HANDBOOK = Report(
    "shipping-handbook.pdf",
    "Lindmark Shipping: handbook of policies for staff ashore and afloat",
    ("Conduct", "Leave and absence", "Travel and expenses", "Safety on board", "Information security"),
    ("Malmo", "Gdansk", "Tallinn", "Rotterdam", "Aarhus", "Bergen", "Turku"),
    ("expense claims", "shore leave", "permits to work", "passwords", "crew changes", "medical certificates", "drills"),
    (
        "Rules on {thing} apply to all staff at {place}, including agency staff, from their first day.",
        "A superintendent may waive the rules on {thing} once a year, and records the reason within {n} hours.",
        "Questions about {thing} go to the office at {place}, which answers within {n} working days.",
        "Records of {thing} are kept for {n} months and then destroyed, unless a claim is pending.",
        "Breaches of the rules on {thing} are dealt with under the disciplinary procedure.",
        "The policy on {thing} was last reviewed in {year} and will be reviewed again after three years.",
        "Masters report on {thing} every month; the office at {place} publishes a summary each quarter.",
        "Training in {thing} is compulsory and takes {n} minutes; it can be taken at {place} or on board.",
        "Where local law at {place} is stricter on {thing}, local law prevails.",
        "Managers must not approve {thing} of their own, of relatives, or of people to whom they report.",
    ),
    (
        Fact(
            "Gifts and hospitality",
            "You may keep a present from a supplier if it is worth less than 40 euros. Anything dearer is handed to "
            "the compliance desk, which raffles it for the seamen's mission.",
            "A chandler gave me a bottle worth 60 euros. What must I do with it?",
            "seamen's mission",
        ),
        Fact(
            "Sick pay",
            "The share of basic wages that is paid during illness depends on length of service.",
            "illness with seven years of service: for how many weeks do I get full wages?",
            "5 to 10 years 16",
            (
                ("Service", "Weeks at full pay", "Weeks at half pay"),
                ("under 2 years", "4", "4"),
                ("2 to 5 years", "10", "10"),
                ("5 to 10 years", "16", "16"),
                ("over 10 years", "26", "26"),
            ),
        ),
        Fact(
            "Enclosed spaces",
            "Nobody enters a tank until its air has been tested at three levels. Oxygen must read 20.8 per cent or "
            "more, and a second person stays at the hatch with a radio.",
            "minimum oxygen reading before going into a ballast tank",
            "20.8 per cent",
        ),
        Fact(
            "Definitions",
            '"Near relative" means a spouse, partner, parent, child, sibling, or anyone who shares the household.',
            "does a brother count as a close family member under the handbook?",
            '"Near relative" means',
        ),
    ),
)

PORT = Report(
    "port-environment-report.pdf",
    "Port of Sorrel: environmental monitoring report",
    ("Air", "Water and sediment", "Noise", "Habitats", "Waste and energy"),
    ("North Quay", "Salt Basin", "Ferry Terminal", "Coal Wharf", "Heron Island", "Lock Gate", "Fish Dock"),
    ("nitrogen dioxide", "suspended solids", "night-time noise", "copper", "fine dust", "turbidity", "plastic litter"),
    (
        "Mean values of {thing} at {place} were {n} units, against {n2} units in {year}.",
        "The sensor for {thing} at {place} was out of order on {n} days, and its gaps were filled from neighbours.",
        "Trends of {thing} remain flat, apart from a short peak at {place} during the dredging of {year}.",
        "A workshop at {place} discussed measures against {thing} with {n} residents.",
        "Values of {thing} are given as monthly medians, with the number of samples in brackets.",
        "No breach of the licence for {thing} was recorded at {place} during the year.",
        "Method and equipment for {thing} did not change, so that figures can be compared with those of {year}.",
        "Vessels at {place} contribute about {n} per cent of {thing}, according to the model of the institute.",
        "Sampling of {thing} took place {n} times, weather permitting, from a boat or from the quay wall.",
        "The authority asked for a further study of {thing} near {place}, due in {year}.",
    ),
    (
        Fact(
            "Shore power",
            "Two berths for cruise ships now draw electricity from land. Auxiliary engines were switched off for 1,930 "
            "hours, which saved 612 tonnes of carbon dioxide.",
            "how much CO2 was avoided because ships plugged in?",
            "612 tonnes",
        ),
        Fact(
            "Nesting birds",
            "Wardens counted breeding pairs in May.",
            "number of pairs of avocets",
            "Avocet 38",
            (
                ("Species", "Pairs", "Change"),
                ("Common tern", "211", "+12"),
                ("Avocet", "38", "-4"),
                ("Oystercatcher", "57", "+3"),
            ),
        ),
        Fact(
            "Underwater sound",
            "Piling for the new jetty was limited to daylight.",
            "what does the chart of piling and porpoises show?",
            "porpoise clicks per hour",
            caption="Figure: porpoise clicks per hour, before, during and after piling for the jetty",
        ),
        Fact(
            "Oil spills",
            "The harbour master logged nine spills, of which the largest, 340 litres of hydraulic fluid, came from a "
            "crane on the eastern mole in August.",
            "biggest leak of oil into the harbour and what caused it",
            "eastern mole",
        ),
    ),
)
REPORTS = (WATER, HANDBOOK, PORT)

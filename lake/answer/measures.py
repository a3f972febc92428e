"""Units of measure, so that an hour is 60 minutes."""

from __future__ import annotations

_UNITS = {
    ("time", 1.0): "second seconds sec s sekunde sekunden segundo segundos seconde secondes",
    ("time", 60.0): "minute minutes min minuten minuto minutos minuti",
    ("time", 3600.0): "hour hours h hr hrs stunde stunden hora horas heure heures ora ore uur uren",
    ("time", 86400.0): "day days tag tage tagen día días jour jours giorno giorni dag dagen dia dias",
    ("time", 604800.0): "week weeks woche wochen semana semanas semaine semaines settimana settimane weken",
    ("months", 1.0): "month months monat monate monaten mes meses mois mese mesi maand maanden mês",
    ("months", 12.0): "year years jahr jahre jahren año años an ans année années anno anni jaar ano anos",
    ("times", 1.0): "times mal veces vez fois volte keer",
    ("months", 120.0): "decade decades jahrzehnt jahrzehnte jahrzehnten década décadas décennie décennies",
    ("length", 0.0254): "inch inches", ("length", 0.3048): "foot feet ft", ("length", 0.9144): "yard yards yd yds",
    ("length", 1609.344): "mile miles mi meile meilen milla millas",
    ("length", 1e-6): "micrometre micrometres micrometer micrometers µm μm",
    ("length", 1e-9): "nm nanometre nanometres nanometer nanometers nanómetros",
    ("temperature", 1.0): "c celsius", ("temperature", 5 / 9): "f fahrenheit",
    ("mass", 453.59237): "pound pounds lb lbs", ("mass", 28.349523): "ounce ounces oz",
    ("volume", 3.785412): "gallon gallons",
    ("power", 1.0): "watt watts", ("power", 1000.0): "kw kilowatt kilowatts", ("power", 1e6): "mw megawatt megawatts",
    ("voltage", 1.0): "volt volts", ("voltage", 1000.0): "kv kilovolt kilovolts",
    ("length", 0.001): "mm millimetre millimetres millimeter millimeters milímetros",
    ("length", 0.01): "cm centimetre centimetres centimeter centimeters zentimeter centímetros",
    ("length", 1.0): "m metre metres meter meters metro metros mètre mètres metri",
    ("length", 1000.0): "km kilometre kilometres kilometer kilometers kilómetros kilomètres chilometri",
    ("mass", 0.001): "mg milligram milligrams milligramm",
    ("mass", 1.0): "g gram grams gramm gramo gramos gramme grammes grammi",
    ("mass", 1000.0): "kg kilo kilos kilogram kilograms kilogramm kilogramos",
    ("mass", 1e6): "t tonne tonnes tonnen tonelada toneladas",
    ("volume", 0.001): "ml millilitre millilitres milliliter milliliters mililitros",
    ("volume", 1.0): "l litre litres liter liters litro litros litri",
    ("money", 0.01): "cent cents céntimos centimes",
    ("money", 1.0): "dollar dollars dólares euro euros",
    ("data", 1.0): "byte bytes", ("data", 1e3): "kb kilobyte kilobytes", ("data", 1e6): "mb megabyte megabytes",
    ("data", 1e9): "gb gigabyte gigabytes", ("data", 1e12): "tb terabyte terabytes",
}  # fmt: skip
#: Word -> its dimension, and how many of the dimension's smallest common unit it is.
UNITS = {word: measure for measure, words in _UNITS.items() for word in words.split()}
#: What 0 of a unit is in the dimension's common unit, if it isn't 0.
ZEROS = {("temperature", 1.0): 273.15, ("temperature", 5 / 9): 273.15 - 32 * 5 / 9}
#: The measure of "three times".
FREQUENCY = ("times", 1.0)
#: Words that are a number of times.
TIMES = {"once": 1, "twice": 2, "thrice": 3, "einmal": 1, "zweimal": 2, "dreimal": 3, "viermal": 4}
#: Words after "once" that tell it from "as soon as".
PER = frozenset(("a", "an", "per", "every", "each", "in", "daily", "weekly", "monthly", "im", "pro", "am", "jährlich"))
#: Words that stand for 1 before a unit: "an hour"; and those that halve it: "half an hour".
ONE = frozenset(("a", "an", "one", "ein", "eine", "einem", "einer", "einen", "un", "una", "une", "een", "um", "uma"))
HALF = frozenset(("half", "halbe", "halben", "halber", "halbes", "medio", "media", "demi", "demie", "mezzo", "mezza"))

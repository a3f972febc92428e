# ruff: noqa: RUF001
"""Sentences in many languages, and files made of them in the encodings that such texts are met in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_BALTIC = "cp1257 iso8859-13"
_CENTRAL = "cp1250 iso8859-2"
_WESTERN = "cp1252 iso8859-1 mac-roman"

#: Language -> the encodings its texts are met in, and sentences.
TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cs": (
        f"{_CENTRAL} cp852",
        (
            "Strážný rozsvítil maják dřív, než se nad mořem setmělo.",
            "Olej do lampy přivezla včera večer malá loď z přístavu.",
            "Žádný z rybářů si nevšiml, že světlo na útesu zhaslo.",
            "Příští údržba čerpadla proběhne až v únoru příštího roku.",
        ),
    ),
    "sk": (
        _CENTRAL,
        (
            "Strážca majáka každý večer kontroluje hladinu oleja v nádrži.",
            "Loď priviezla náhradné súčiastky pre čerpadlo až v piatok.",
            "Ľudia z dediny hovoria, že svetlo vidno až za ostrovom.",
            "Ďalšia schôdza výboru bude v utorok o šiestej hodine.",
        ),
    ),
    "pl": (
        f"{_CENTRAL} cp852",
        (
            "Latarnik zapalił światło, zanim nad morzem zapadła ciemność.",
            "Wczoraj wieczorem mały statek przywiózł olej do lampy.",
            "Żaden z rybaków nie zauważył, że światło na skale zgasło.",
            "Następny przegląd pompy odbędzie się w październiku.",
        ),
    ),
    "hu": (
        _CENTRAL,
        (
            "A toronyőr még sötétedés előtt meggyújtotta a világítótorony lámpáját.",
            "Tegnap este egy kis hajó hozta az olajat a kikötőből.",
            "Egyik halász sem vette észre, hogy a fény kialudt a sziklán.",
            "A szivattyú következő ellenőrzése októberben lesz esedékes.",
        ),
    ),
    "ro": (
        "iso8859-2 iso8859-16",
        (
            "Paznicul a aprins farul înainte să se întunece deasupra mării.",
            "Aseară o corabie mică a adus untdelemn pentru lampă din port.",
            "Niciun pescar nu a văzut că lumina de pe stâncă s-a stins.",
            "Pompa va fi verificată din nou în luna februarie, după furtună.",
        ),
    ),
    "hr": (
        _CENTRAL,
        (
            "Čuvar je upalio svjetionik prije nego što se nad morem smračilo.",
            "Sinoć je mali brod iz luke dovezao ulje za svjetiljku.",
            "Nitko od ribara nije primijetio da se svjetlo na hridi ugasilo.",
            "Sljedeći pregled pumpe bit će u veljači, kaže upravitelj Božić.",
        ),
    ),
    "sl": (
        "cp1250",
        (
            "Čuvaj je prižgal svetilnik, še preden se je nad morjem stemnilo.",
            "Sinoči je majhna ladja iz pristanišča pripeljala olje za svetilko.",
            "Nihče od ribičev ni opazil, da je luč na čeri ugasnila.",
            "Naslednji pregled črpalke bo februarja, pravi upravnik.",
        ),
    ),
    "tr": (
        "cp1254 iso8859-9",
        (
            "Bekçi hava kararmadan önce deniz fenerinin ışığını yaktı.",
            "Dün akşam küçük bir gemi limandan lamba için yağ getirdi.",
            "Balıkçıların hiçbiri kayalıktaki ışığın söndüğünü görmedi.",
            "Pompanın bir sonraki bakımı şubat ayında yapılacaktır.",
        ),
    ),
    "el": (
        "cp1253 iso8859-7",
        (
            "Ο φαροφύλακας άναψε το φως πριν σκοτεινιάσει η θάλασσα.",
            "Χθες το βράδυ ένα μικρό πλοίο έφερε λάδι για τη λάμπα.",
            "Κανένας ψαράς δεν πρόσεξε ότι το φως στον βράχο έσβησε.",
            "Ο επόμενος έλεγχος της αντλίας θα γίνει τον Οκτώβριο.",
        ),
    ),
    "ru": (
        "cp1251 koi8-r cp866 iso8859-5 mac-cyrillic",
        (
            "Смотритель зажёг маяк, прежде чем над морем стемнело.",
            "Вчера вечером маленькое судно привезло масло для лампы.",
            "Никто из рыбаков не заметил, что огонь на скале погас.",
            "Следующая проверка насоса состоится в октябре этого года.",
        ),
    ),
    "uk": (
        "cp1251 koi8-u",
        (
            "Доглядач запалив маяк, перш ніж над морем стемніло.",
            "Учора ввечері невелике судно привезло олію для лампи.",
            "Ніхто з рибалок не помітив, що вогонь на скелі згас.",
            "Наступна перевірка насоса відбудеться у жовтні цього року.",
        ),
    ),
    "bg": (
        "cp1251",
        (
            "Пазачът запали фара, преди над морето да се стъмни.",
            "Снощи малък кораб докара масло за лампата от пристанището.",
            "Никой от рибарите не забеляза, че светлината угасна.",
            "Следващата проверка на помпата ще бъде през октомври.",
        ),
    ),
    "he": (
        "cp1255 iso8859-8",
        (
            "שומר המגדלור הדליק את האור לפני שהחשיך מעל הים.",
            "אתמול בערב הביאה ספינה קטנה שמן למנורה מן הנמל.",
            "איש מן הדייגים לא הבחין שהאור על הצוק כבה.",
            "הבדיקה הבאה של המשאבה תתקיים בחודש אוקטובר.",
        ),
    ),
    "ar": (
        "cp1256 iso8859-6",
        (
            "أشعل حارس المنارة الضوء قبل أن يحل الظلام فوق البحر.",
            "أحضرت سفينة صغيرة مساء أمس زيتا للمصباح من الميناء.",
            "لم يلاحظ أحد من الصيادين أن الضوء على الصخرة انطفأ.",
            "سيكون الفحص القادم للمضخة في شهر أكتوبر من هذا العام.",
        ),
    ),
    "lt": (
        _BALTIC,
        (
            "Prižiūrėtojas uždegė švyturį, kol virš jūros dar nesutemo.",
            "Vakar vakare mažas laivas iš uosto atvežė aliejaus lempai.",
            "Nė vienas žvejys nepastebėjo, kad šviesa ant uolos užgeso.",
            "Kitas siurblio patikrinimas įvyks šių metų spalio mėnesį.",
        ),
    ),
    "lv": (
        _BALTIC,
        (
            "Sargs iededza bāku, pirms virs jūras iestājās tumsa.",
            "Vakar vakarā mazs kuģis no ostas atveda eļļu lampai.",
            "Neviens zvejnieks nepamanīja, ka gaisma uz klints nodzisa.",
            "Nākamā sūkņa pārbaude notiks šī gada oktobrī.",
        ),
    ),
    "et": (
        "cp1257 iso8859-15",
        (
            "Majakavaht süütas tule enne, kui mere kohal pimedaks läks.",
            "Eile õhtul tõi väike laev sadamast lambi jaoks õli.",
            "Ükski kalur ei märganud, et tuli kaljul oli kustunud.",
            "Pumba järgmine ülevaatus toimub selle aasta oktoobris.",
        ),
    ),
    "th": (
        "cp874",
        (
            "ผู้ดูแลประภาคารจุดไฟก่อนที่ทะเลจะมืด",
            "เมื่อวานเย็นเรือเล็กนำน้ำมันสำหรับตะเกียงมาจากท่าเรือ",
            "ไม่มีชาวประมงคนใดสังเกตว่าไฟบนหน้าผาดับไปแล้ว",
            "การตรวจสอบปั๊มครั้งต่อไปจะมีขึ้นในเดือนตุลาคม",
        ),
    ),
    "zh-CN": (
        "gbk gb18030",
        (
            "守塔人在海面变暗之前点亮了灯塔。",
            "昨天晚上,一艘小船从港口运来了灯油。",
            "没有一个渔民注意到悬崖上的灯光熄灭了。",
            "水泵的下一次检查将在今年十月进行。",
        ),
    ),
    "zh-TW": (
        "big5",
        (
            "守塔人在海面變暗之前點亮了燈塔。",
            "昨天晚上,一艘小船從港口運來了燈油。",
            "沒有一個漁民注意到懸崖上的燈光熄滅了。",
            "水泵的下一次檢查將在今年十月進行。",
        ),
    ),
    "ja": (
        "shift_jis cp932 euc-jp iso2022_jp",
        (
            "灯台守は海が暗くなる前に灯りをともした。",
            "昨日の夕方、小さな船が港からランプの油を運んできた。",
            "崖の上の光が消えたことに気づいた漁師はいなかった。",
            "次回のポンプの点検は今年の十月に行われます。",
        ),
    ),
    "ko": (
        "euc-kr cp949",
        (
            "등대지기는 바다가 어두워지기 전에 불을 밝혔다.",
            "어제 저녁 작은 배가 항구에서 등불 기름을 실어 왔다.",
            "절벽 위의 불빛이 꺼진 것을 알아챈 어부는 없었다.",
            "다음 펌프 점검은 올해 시월에 있을 예정입니다.",
        ),
    ),
    "de": (
        f"{_WESTERN} cp850",
        (
            "Der Wärter zündete das Leuchtfeuer an, bevor es über dem Meer dunkel wurde.",
            "Gestern Abend brachte ein kleines Schiff Öl für die Lampe.",
            "Keiner der Fischer bemerkte, daß das Licht auf der Klippe erloschen war.",
            "Die nächste Prüfung der Pumpe findet im März statt, größere Mängel sind zu melden.",
        ),
    ),
    "fr": (
        _WESTERN,
        (
            "Le gardien a allumé le phare avant que la nuit ne tombe sur la mer.",
            "Hier soir, un petit bateau a apporté de l'huile pour la lampe.",
            "Aucun pêcheur n'a remarqué que la lumière s'était éteinte.",
            "Le prochain contrôle de la pompe aura lieu en février, à la même heure.",
        ),
    ),
    "es": (
        _WESTERN,
        (
            "El farero encendió la luz antes de que oscureciera sobre el mar.",
            "Ayer por la noche un pequeño barco trajo aceite para la lámpara.",
            "Ningún pescador advirtió que la luz del peñasco se había apagado.",
            "La próxima revisión de la bomba será en otoño, según el capitán Núñez.",
        ),
    ),
    "pt": (
        "cp1252 iso8859-1",
        (
            "O faroleiro acendeu a luz antes que escurecesse sobre o mar.",
            "Ontem à noite um pequeno barco trouxe óleo para a lâmpada.",
            "Nenhum pescador percebeu que a luz do rochedo se tinha apagado, não é verdade?",
            "A próxima inspeção da bomba será em março, após a estação das chuvas.",
        ),
    ),
    "sv": (
        "cp1252 iso8859-1",
        (
            "Fyrvaktaren tände ljuset innan det mörknade över havet.",
            "I går kväll kom ett litet fartyg med olja till lampan.",
            "Ingen av fiskarna märkte att ljuset på klippan hade slocknat.",
            "Nästa översyn av pumpen äger rum i början av året.",
        ),
    ),
    "fi": (
        "cp1252",
        (
            "Majakanvartija sytytti valon ennen kuin meri pimeni.",
            "Eilen illalla pieni laiva toi satamasta öljyä lamppuun.",
            "Kukaan kalastajista ei huomannut, että valo oli sammunut.",
            "Pumpun seuraava tarkastus pidetään ensi lokakuussa, sanoi päällikkö Mäkelä.",
        ),
    ),
    "da": (
        "cp1252 iso8859-1",
        (
            "Fyrpasseren tændte lyset, før det blev mørkt over havet.",
            "I går aftes kom et lille skib med olie til lampen.",
            "Ingen af fiskerne bemærkede, at lyset på klippen var gået ud.",
            "Det næste eftersyn af pumpen finder sted i løbet af året.",
        ),
    ),
    "is": (
        "cp1252",
        (
            "Vitavörðurinn kveikti ljósið áður en dimmdi yfir sjónum.",
            "Í gærkvöldi kom lítið skip með olíu á lampann.",
            "Enginn sjómaður tók eftir því að ljósið á klettinum slokknaði.",
            "Næsta skoðun dælunnar verður í október, þegar veður leyfir.",
        ),
    ),
    "vi": (
        "cp1258",
        (
            "Người gác hải đăng thắp đèn trước khi trời tối.",
            "Tối qua một con tàu nhỏ chở dầu từ cảng đến cho ngọn đèn.",
            "Không ngư dân nào nhận thấy ánh sáng đã tắt.",
            "Lần kiểm tra máy bơm tiếp theo sẽ vào tháng mười.",
        ),
    ),
}
_UNICODE = "utf-16-le utf-16-be utf-32-le utf-32-be"
#: Languages whose texts are tried in UTF-16 and UTF-32 without a BOM as well.
_WIDE = ("de", "ru", "zh-CN", "ja", "he")
_ENGLISH = (
    "Configuration guide for the lamp controller, version 3.",
    "Set the interval to thirty seconds and restart the daemon.",
    "The controller reports every fault by its number and time.",
)


class Sample(NamedTuple):
    """A file: its language, encoding and form, its bytes, and the text it holds."""

    language: str
    encoding: str
    form: str
    data: bytes
    text: str


def samples() -> Iterator[Sample]:
    """Every language in each of its encodings and in five forms."""
    for language, (encodings, sentences) in TEXTS.items():
        for encoding in [*encodings.split(), *(_UNICODE.split() if language in _WIDE else [])]:
            for form, text in _forms(sentences).items():
                plain = _decomposed(text) if encoding == "cp1258" else text
                data = plain.encode(encoding, "ignore")
                yield Sample(language, encoding, form, data, data.decode(encoding))


def _forms(sentences: tuple[str, ...]) -> dict[str, str]:
    english = [_ENGLISH[i % 3] for i in range(24)]
    code = [f"def step_{i}(level):\n    return level + {i}\n" for i in range(12)]
    return {
        "short": sentences[0] + "\n",
        "long": "\n".join(" ".join(sentences[i:] + sentences[:i]) for i in range(4)) + "\n",
        "mixed": "\n".join([*english[:12], sentences[1], *english[12:]]) + "\n",
        "code": f"# {sentences[2]}\n" + "\n".join(code) + f"\n# {sentences[3]}\n",
        "table": "id;name;remark\n" + "".join(f"{i};ST-12{i}0;{words}\n" for i, words in enumerate(sentences)),
    }


def _decomposed(text: str) -> str:
    """Vietnamese as Windows-1258 writes it: tone marks as characters of their own."""
    import unicodedata

    tones = "\u0300\u0301\u0303\u0309\u0323"
    pieces = []
    for character in text:
        parts = unicodedata.normalize("NFD", character)
        marks = [part for part in parts if part in tones]
        rest = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        pieces.append(rest + "".join(marks))
    return "".join(pieces)

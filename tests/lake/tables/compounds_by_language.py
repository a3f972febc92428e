"""Compounds with a first and the last word in them, and words that are none, by Snowball's name of their language."""

from __future__ import annotations

COMPOUNDS = {
    "dutch": """
        zorgverzekeringspremie verzekering premie, huurovereenkomst huur overeenkomst, kinderopvang kinderen opvang,
        arbeidsovereenkomsten arbeid overeenkomst, bouwvergunning bouw vergunning, verkeersveiligheid verkeer
        veiligheid, gemeenteraad gemeente raad, waterleidingen water leiding, ziekenhuisopname ziekenhuis opname,
        belastingaangifte belasting aangifte, schoolboek school boek, schoolboeken school boek, hondenhok hond hok,
        studentenhuis student huis, pensioenfonds pensioen fonds, vakantiedagen vakantie dagen, zonnebank zonne
        bank, levensverzekering leven verzekering, bankrekening bank rekening, stadhuis stad huis, voetbalclub
        voetbal club, treinstation trein station, fietspad fiets pad, softwareontwikkeling software ontwikkeling,
        gegevensbescherming gegevens bescherming, persoonsgegevens persoon gegevens, milieubeleid milieu beleid,
        brandstofverbruik brandstof verbruik, spoorwegmaatschappij spoorweg maatschappij, kwaliteitscontrole
        kwaliteit controle, veiligheidsvoorschriften veiligheid voorschrift, geneesmiddelenonderzoek geneesmiddel
        onderzoek, hartziekten hart ziekte, huisarts huis arts, strafrecht straf recht, handelsregister handel
        register, leveringsvoorwaarden levering voorwaarde, aandeelhoudersvergadering aandeelhouder vergadering,
        jaarrekening jaar rekening, energiebedrijf energie bedrijf, stroomstoring stroom storing, foutmeldingen fout
        melding""",
    "swedish": """
        sjukförsäkringsavgift försäkring avgift, hyresavtal hyra avtal, arbetsavtalen arbete avtal, barnomsorg barn
        omsorg, trafiksäkerhet trafik säkerhet, vattenledningar vatten ledning, sjukhusvistelse sjukhus vistelse,
        skolbok skola bok, skattedeklaration skatt deklaration, skolböcker skola böcker, barnbidrag barn bidrag,
        studentbostad student bostad, pensionsfonder pension fond, semesterdagar semester dag, hundkoppel hund
        koppel, kvinnoförening kvinna förening, hälsoförsäkring hälsa försäkring, gatubelysning gata belysning,
        livförsäkring liv försäkring, bankkonto bank konto, stadshus stad hus, fotbollslag fotboll lag, tågstation
        tåg station, cykelväg cykel väg, programutveckling program utveckling, dataskydd data skydd, personuppgifter
        person uppgift, miljöpolitiken miljö politik, arbetsgivarorganisation arbetsgivare organisation,
        järnvägsbolag järnväg bolag, kvalitetskontroll kvalitet kontroll, säkerhetsföreskrifter säkerhet föreskrift,
        hjärtsjukdom hjärta sjukdom, läkemedelsforskning läkemedel forskning, husläkare hus läkare, tingsrätten ting
        rätt, straffrätt straff rätt, handelsregister handel register, bolagsstämma bolag stämma, årsredovisning års
        redovisning, veckotidning vecka tidning, busstopp buss stopp, felmeddelande fel meddelande""",
    "danish": """
        sygeforsikringsbidrag forsikring bidrag, lejekontrakter leje kontrakt, arbejdsaftale arbejde aftale,
        byggetilladelse bygge tilladelse, trafiksikkerhed trafik sikkerhed, kommuneråd kommune råd, vandledninger
        vand ledning, sygehusophold sygehus ophold, skatteregnskab skat regnskab, skolebog skole bog, skolebøger
        skole bøger, børnebidrag børn bidrag, børnepasning børn pasning, pensionsfond pension fond, feriedage ferie
        dag, hundesnor hund snor, kvindeforening kvinde forening, gadebelysning gade belysning, livsforsikring liv
        forsikring, bankkonto bank konto, fodboldklub fodbold klub, togstation tog station, cykelsti cykel sti,
        programudvikling program udvikling, databeskyttelse data beskyttelse, personoplysninger person oplysning,
        miljøpolitik miljø politik, arbejdsgiverforening arbejdsgiver forening, jernbaneselskab jernbane selskab,
        kvalitetskontrol kvalitet kontrol, sikkerhedsregler sikkerhed regler, lægemiddelforskning lægemiddel
        forskning, hjertesygdomme hjerte sygdom, arbejdsret arbejde ret, handelsregister handel register,
        leveringsbetingelser levering betingelse, aktieselskab aktie selskab, årsregnskab års regnskab, drikkevand
        drikke vand, ugeblad uge blad, fejlmeddelelse fejl meddelelse""",
    "norwegian": """
        helseforsikringspremie forsikring premie, leiekontrakter leie kontrakt, arbeidsavtale arbeid avtale,
        byggetillatelse bygg tillatelse, trafikksikkerhet trafikk sikkerhet, kommunestyre kommune styre,
        vannledninger vann ledning, sykehusopphold sykehus opphold, skatteregnskap skatt regnskap, skolebok skole
        bok, skolebøker skole bøker, barnebidrag barn bidrag, studentbolig student bolig, pensjonsfond pensjon fond,
        feriedager ferie dag, hundebånd hund bånd, kvinneforening kvinne forening, gatebelysning gate belysning,
        livsforsikring liv forsikring, bankkonto bank konto, fotballklubb fotball klubb, togstasjon tog stasjon,
        sykkelsti sykkel sti, programutvikling program utvikling, databeskyttelse data beskyttelse,
        personopplysninger person opplysning, miljøpolitikk miljø politikk, drivstofforbruk drivstoff forbruk,
        arbeidsgiverforening arbeidsgiver forening, jernbaneselskap jernbane selskap, kvalitetskontroll kvalitet
        kontroll, sikkerhetsregler sikkerhet regler, hjertesykdom hjerte sykdom, legemiddelforskning legemiddel
        forskning, tingrett ting rett, strafferett straff rett, handelsregister handel register,
        leveringsbetingelser levering betingelse, aksjeselskap aksje selskap, årsregnskap års regnskap, drikkevann
        drikke vann, ukeblad uke blad, busstopp buss stopp""",
}
#: Of everyday words, which revision 3 knows.
EVERYDAY = {
    "german": """
        wasserhahn wasser hahn, haustür haus tür, autotür auto tür, fensterbrett fenster brett, schornsteinfeger
        schornstein feger, stuhllehne stuhl lehne, bücherregal bücher regal, regenbogen regen bogen, kaffeetasse
        kaffee tasse, teelöffel tee löffel, zuckerdose zucker dose, pfeffermühle pfeffer mühle, kirschenbaum kirsche
        baum, erdbeerenmarmelade erdbeere marmelade, tomatensuppe tomate suppe, fischnetz fisch netz, schafwolle
        schaf wolle, hundeleine hund leine, vogelnest vogel nest, spinnennetz spinne netz, fliegenklatsche fliege
        klatsche, zahnpasta zahn pasta, ohrring ohr ring, fußsohle fuß sohle, kniescheibe knie scheibe, haarbürste
        haar bürste, ehering ehe ring, schwiegermutter schwieger mutter, wohnzimmer wohn zimmer, feuerlöscher feuer
        löscher, seehund see hund, blumenvase blume vase, holzleim holz leim, stahldraht stahl draht, papierkorb
        papier korb, bildschirm bild schirm, gitarrensaite gitarre saite, geburtstagstorte geburtstag torte,
        nachtfrost nacht frost, uhrwerk uhr werk, lampenschirm lampe schirm, schraubenzieher schraube zieher,
        seilbahn seil bahn, besenstiel besen stiel, eisbahn eis bahn, kochbuch koch buch""",
    "dutch": """
        deurklink deur klink, deurbel deur bel, deurmat deur mat, ongeluksgetal ongeluk getal, verkeersongeluk
        verkeer ongeluk, raamkozijn raam kozijn, dakgoot dak goot, tafelpoot tafel poot, bedlaken bed laken,
        boekenplank boek plank, regenboog regen boog, hagelbui hagel bui, theelepel thee lepel, soeplepel soep
        lepel, pepermolen peper molen, kaasschaaf kaas schaaf, appeltaart appel taart, peerenboom peer boom,
        sinaasappelsap sinaasappel sap, kippensoep kip soep, visnet vis net, schaapenwol schaap wol, kattenbak kat
        bak, bijenkorf bij korf, tandarts tand arts, buikpijn buik pijn, rugpijn rug pijn, neusgat neus gat,
        voetzool voet zool, vingernagel vinger nagel, longontsteking long ontsteking, halsketting hals ketting,
        kleerenhanger kleer hanger, mannenkoor man koor, lesuur les uur, treinkaartje trein kaartje, brandblusser
        brand blusser, zeehond zee hond, bergtop berg top, tuinhek tuin hek, grasveld gras veld, boomgaard boom
        gaard, houtlijm hout lijm, goudmijn goud mijn, papierklem papier klem, briefenbus brief bus""",
    "swedish": """
        dörrhandtag dörr handtag, takpanna tak panna, huvudvärk huvud värk, regnbåge regn båge, snöboll snö boll,
        åskväder åsk väder, kaffekopp kaffe kopp, tekanna te kanna, ölflaska öl flaska, päronträd päron träd,
        kycklingsoppa kyckling soppa, nötkött nöt kött, fårskinn får skinn, spindelnät spindel nät, tandborste tand
        borste, magvärk mag värk, örhänge ör hänge, fotsula fot sula, lunginflammation lung inflammation, skosnöre
        sko snöre, vigselring vigsel ring, väntrum vänt rum, nyckelknippa nyckel knippa, flygplats flyg plats,
        blomvas blom vas, gräsklippare gräs klippare, frimärke fri märke, gitarrsträng gitarr sträng, nattfrost natt
        frost, minutvisare minut visare, hammarslag hammar slag, nagellack nagel lack, kvastskaft kvast skaft,
        isbana is bana, kokbok kok bok, stjärnhimmel stjärn himmel, läderjacka läder jacka, vårregn vår regn,
        gaffeltruck gaffel truck, stekpanna stek panna, mjölsäck mjöl säck, gurksallad gurk sallad, njursten njur
        sten""",
    "danish": """
        bildør bil dør, vindueskarm vindue karm, hovedpude hoved pude, bogreol bog reol, regnbue regn bue, solsikke
        sol sikke, tordenvejr torden vejr, vandhane vand hane, tekande te kande, sukkerskål sukker skål, ostehøvl
        oste høvl, kirsebærtræ kirsebær træ, jordbærsyltetøj jordbær syltetøj, tomatsuppe tomat suppe, svinekød
        svine kød, hestestald heste stald, fåreskind fåre skind, fuglerede fugle rede, bikube bi kube, tandbørste
        tand børste, tandpasta tand pasta, halsbetændelse hals betændelse, øjenlåg øjen låg, fingernegl finger negl,
        lungebetændelse lunge betændelse, skolap sko lap, svigermor sviger mor, soveværelse sove værelse,
        brandslukker brand slukker, bådtur båd tur, blomstervase blomster vase, græsplæne græs plæne, trælim træ
        lim, frimærke fri mærke, guitarstreng guitar streng, urværk ur værk, stearinlys stearin lys, hammerslag
        hammer slag, savblad sav blad, rebstige reb stige, kosteskaft koste skaft, isbane is bane, kogebog koge bog,
        øgruppe ø gruppe, bækørred bæk ørred, vinterfrakke vinter frakke""",
    "norwegian": """
        ytterdør ytter dør, dørmatte dør matte, takrenne tak renne, hodepine hode pine, regnbue regn bue, solsikke
        sol sikke, tordenvær torden vær, vannkran vann kran, teskje te skje, suppeskje suppe skje, saltbøsse salt
        bøsse, melkekartong melke kartong, kirsebærtre kirsebær tre, jordbærsyltetøy jordbær syltetøy, tomatsuppe
        tomat suppe, fiskegarn fiske garn, hestehale heste hale, saueskinn saue skinn, fuglereir fugle reir,
        edderkoppnett edderkopp nett, fluesmekker flue smekker, tannlege tann lege, halsbetennelse hals betennelse,
        øyelokk øye lokk, håndkle hånd kle, fingernegl finger negl, lungebetennelse lunge betennelse, hårbørste hår
        børste, klesskap kles skap, kvinnelege kvinne lege, bestefar beste far, venterom vente rom, nøkkelknippe
        nøkkel knippe, brannslukker brann slukker, båttur båt tur, blomsterpotte blomster potte, gressplen gress
        plen, trelim tre lim, pianotime piano time, bursdagskake bursdag kake, ukedag uke dag, minuttviser minutt
        viser, glødelampe gløde lampe, skrutrekker skru trekker, neglelakk negle lakk, bøttelokk bøtte lokk""",
}
WHOLE = {
    "german": """
        politische spezifische ägyptische mathematischen verfügbar vergleichbar wunderbar enthalten entfernen entladen
        zugegriffen zugewiesen schliessende vergleichenden löschenden resultieren universität überraschung eltern
        entscheidung kandidaten quadraten gefährlich verantwortung gesellschaft apparat nachrichten demokratisch
        magnetisch praktischen kritische romantisch islamistisch genetische theoretische optisch akustische haltbar
        kostbar sichtbare natürlich eigentlich selbstverständlich temperatur literatur standard kilometer
        restaurant parameter organisation""",
    "dutch": """
        natuurlijk belangrijk mogelijkheid verschillende temperatuur factuur cultuur literatuur onderhandeling
        voorwaarde voordeel behandeling overheid verandering ontwikkelen gemakkelijk waarschijnlijk verantwoordelijk
        eigenlijk tegenwoordig bijzonder daarentegen kandidaat universiteit organisatie gelegenheid werkelijk
        vriendelijk vergelijkbaar beantwoorden betekenis gebeurtenis makkelijker misschien restaurant toestemming
        alternatief generaties standaard kilometer fundament regelmatig persoonlijk kinderlijk huiselijk zelfstandig
        maandelijks plaatselijk wetenschappelijk deelnemen onverwachte overgeslagen aanwijzer markering codering
        gedetailleerde afgebeeld opgeslagen parameter democratische economische technische""",
    "swedish": """
        naturligtvis viktigaste möjlighet temperatur litteratur förhandling förutsättning behandling förändring
        utveckla sannolikt ansvarig egentligen nuvarande särskild däremot kandidat universitet organisation
        tillfälle verkligen jämförbar omedelbart studera besvara betydelse händelse förstå restaurang beskrivning
        tillstånd alternativ generationer standard kilometer fundament regelbunden personlig barnslig noggrann
        internationella månatlig vetenskaplig självständig verksam undersökt samarbeta återigen demokratiska
        ekonomiska tekniska statistik lagstiftningen eftersom tillsammans ingenting ordentlig markerade sortering
        kombination motsvarar fingeravtryck väntande reserverad""",
    "danish": """
        naturligvis vigtigste mulighed forskellige temperatur litteratur forhandling forudsætning behandling
        forandring udvikle sandsynlig ansvarlig egentlig nuværende derimod alligevel kandidat universitet
        organisation lejlighed virkelig sammenlignelig øjeblikkelig studere besvare betydning hændelse restaurant
        beskrivelse tilladelse alternativ generationer standard kilometer fundament regelmæssig personlig
        fremragende internationale månedlig videnskabelig selvstændig forstandig deltage undersøgt samarbejde
        almindelig demokratiske økonomiske tekniske statistik lovgivning eftersom mellemtiden markering nummereret
        afbrydelse fortrydelse""",
    "norwegian": """
        naturligvis viktigste mulighet forskjellige temperatur litteratur forhandling forutsetning behandling
        forandring utvikle sannsynlig ansvarlig egentlig nåværende derimot likevel kandidat universitet organisasjon
        anledning virkelig sammenlignbar øyeblikkelig studere besvare betydning hendelse restaurant beskrivelse
        tillatelse alternativ generasjoner standard kilometer fundament regelmessig personlig barnslig fremragende
        internasjonale månedlig vitenskapelig selvstendig forstandig undersøkt samarbeide alminnelig demokratiske
        økonomiske tekniske statistikk lovgivning ettersom mellomtiden midlertidig plassering håndtering avbrytelse
        portrett""",
}

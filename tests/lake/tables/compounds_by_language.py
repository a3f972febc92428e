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
WHOLE = {
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

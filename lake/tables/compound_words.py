"""Nouns that many compounds are made of, by Snowball's name of their language."""

from __future__ import annotations

COMPOUND_WORDS: dict[str, str] = {
    "german": """
        abfall abgabe abgeordnete abkommen ablauf abnahme abrechnung absatz abschluss abschnitt abschreibung
        absicht abstand abstimmung abteilung abwasser abwehr adresse agentur aktie aktion alarm alkohol
        alter altersheim analyse anbieter änderung anfang anforderung anfrage angebot angehörige
        angelegenheit angestellte angriff angst anlage anleihe anleitung anmeldung annahme anpassung ansatz
        anschluss ansicht anspruch anstalt anteil antrag antrieb antwort anwalt anweisung anwendung anzahl
        anzeige apfel apotheke apparat arbeit arbeiter archiv armee artikel arznei aspekt atmosphäre attest
        aufbau aufgabe auflage aufnahme aufsicht auftrag aufwand aufzug ausbau ausbildung ausfall ausgabe
        ausgang ausgleich auskunft ausland auslöser ausnahme ausrüstung aussage ausschuss ausstellung
        austausch ausweis auswahl auszahlung auszug automat autor bäcker bahnhof balken ballon banane basis
        batterie bauer baustelle beamte bedarf bedienung bedingung bedürfnis befehl befugnis begriff
        behandlung behinderung behörde beihilfe beitrag beleg beleuchtung bemessung benutzer benutzung
        benzin beratung berater bereich bericht beruf bescheid bescheinigung beschluss beschreibung
        beschwerde besitz besitzer bestand bestandteil bestellung bestimmung besuch besucher beteiligung
        betrag betreiber betreuung betrieb betrug bevölkerung beweis bewegung bewerber bewerbung bewertung
        beziehung bezirk bibliothek bildung biologie blatt blech blick blume boden bombe börse branche brand
        brauerei bremse brief brille bruch brücke bruder brust brunnen bücher bücherei budget bühne bündnis
        bürger bürgschaft büros butter chemie computer dampf darlehen daten datei datum dauer decke
        demokratie denkmal deponie dichte dichtung diebstahl dienst dienstleistung direktor diskussion
        dokument dokumentation druck drucker düngemittel durchführung durchmesser ebene ehre eigentum
        eigentümer einbau einfluss einführung eingang eingriff einheit einkauf einkommen einlage einnahme
        einrichtung einsatz einspruch einstellung eintrag eintritt einwohner eisen eisenbahn elektronik
        eltern empfang empfänger energie engel entfernung entgelt entlassung entscheidung entsorgung
        entwicklung entwurf ereignis erfahrung erfolg ergebnis erhebung erhöhung erkrankung erlaubnis
        ermittlung ernährung ernte ersatz erziehung etage etikett exemplar experiment export fabrik fachmann
        faden fahne fahrer fahrerlaubnis fahrrad fahrt fahrzeug faktor falle familie farbe farbstoff fassade
        faser fehler feier feind feld fenster ferien fernsehen festival feuer feuerwehr fieber figur filiale
        film filter finanz finger firma fischerei fläche flamme flasche fleisch fliege flotte flüchtling
        flügel flughafen flugzeug fluss flüssigkeit folge fonds förderung forderung formel formular forscher
        forschung fortbildung frage fraktion frauen freiheit freizeit frequenz freund frieden frist frucht
        früchte frühling führer führung fundament funktion garten gärtner gasthof gebäude gebiet gebirge
        gebühr geburt gedicht gefahr gefängnis gefäß gefühl gegenstand gegner gehalt geheimnis gehirn
        gelände gemeinde gemeinschaft gemüse genehmigung generation gepäck gerät gericht geruch gesang
        geschäft geschichte geschlecht geschwindigkeit gesellschaft gesetz gesetzgebung gespräch gestalt
        gestein gesundheit getränk getreide getriebe gewalt gewässer gewebe gewehr gewerbe gewerkschaft
        gewicht gewinn gewitter glaube gleichung gleis glocke glück grenze größe grund grundlage grundstück
        gruppe gutachten güter hafen haftung haltung handel handels händler handlung handwerk haufen haupt
        haushalt hebel heilmittel heimat heizung hektar helfer herrschaft hersteller herstellung herz
        heizkörper hilfe himmel hindernis hinweis hitze hochschule höhe holz honig hotel hügel hülle hunde
        hunger hygiene impfstoff import impuls index indikator industrie infektion information ingenieur
        inhaber inhalt initiative insel inspektion institut instrument insolvenz interesse investition jacke
        jagd jäger jahre jahrhundert journalist jugend junge jurist kabel kabine kaffee kaiser kalender
        kalium kälte kamera kammer kampf kämpfer kanal kandidat kapazität kapelle kapital kapitän kapitel
        karte kartoffel kasse kassen kasten katalog katastrophe kauf käufer kenntnis kennzeichen kessel
        kette kinder kinderheim kirche kissen klage klasse kläger kleidung klima klinik kloster knochen
        kohle kolonie komitee kommission kommunikation komponente konferenz konflikt könig königreich
        kontakt konto kontrolle konzept konzern konzert körper korrektur kosten kraft kraftstoff kraftwerk
        kranken krankenhaus krankheit krebs kredit kreis kreislauf kreuz krieg krise kriterium kritik küche
        kugel kultur kunde künstler kunststoff kupfer kurve küste labor laden ladung lager lampe landschaft
        landwirtschaft länge laser lastwagen laufbahn leben lebensmittel leder lehre lehrer lehrgang
        leistung leiter leitung leser lesung leuchte licht liebe lieferant lieferung linie linse liste
        literatur lizenz löffel lohn löhne lösung luft lücke luftfahrt lunge magazin magen maler mangel
        mandat mannschaft mantel marke markt maschine masse massnahme maßnahme material mauer medien
        medikament medizin meister meldung menge mensch messer messung metall methode miete mieter milch
        militär minister ministerium mischung mitarbeiter mitglied mittel mittag mobil modell modul möbel
        monat monitor moral motor motorrad mühle müll mündung museum musik musiker muskel muster mutter
        nachbar nachfrage nachricht nachweis nadel nagel nahrung namen nation natur nebel nerven netzwerk
        niederlassung norden norm notar noten nummer nutzen nutzer nutzung oberfläche objekt obst offizier
        öffnung opfer optik ordnung organ organisation orden österreich paket papier partei partner patient
        pause person personal pfanne pfeife pferd pflanze pflaster pflege pfleger pflicht phase physik pilot
        pilz plastik platte platz politik politiker polizei polizist portal position posten potential
        präsident praktikum praxis preis presse priester prinzip produkt produktion produzent professor
        profil prognose programm projekt protein protokoll prozent prozess prüfung pulver pumpe punkt
        qualität quelle quote radio rahmen rakete raten rathaus rauch reaktion reaktor rechner rechnung
        recht rechte reform regel regen regierung region register reich reifen reihe reinigung reise rekord
        religion rente rentner reparatur republik reserve ressource restaurant rettung revision revolution
        richter richtlinie richtung riese risiko ritter rohr rohre rohstoff rolle roman röntgen rücken
        rückgabe rücklage ruhestand runde saison salat salz samen sammlung sänger satellit sauerstoff säule
        säure schaden schäden schacht schadstoff schale schalter schatten schätzung schein schicht schiff
        schiffe schifffahrt schild schlacht schlaf schlag schlange schlauch schloss schlüssel schmerz
        schmuck schmutz schnee schnitt schrank schraube schreiben schrift schritt schuh schuld schule
        schüler schuss schutz schwein schwelle schwester schwimmbad sekunde seife seite sektor sender
        sendung senkung serie sessel sicherheit sicherung siedlung signal silber sitzung software soldat
        sonne sorge spannung speicher speise spende sperre spiegel spiel spieler spital spitze sport
        sportler sprache spule staat staatsanwalt stadion städte stahl stamm standard standort station
        statistik stecker stein stelle steuer steuerung stiefel stiftung stimme stoff störung strafe strahl
        strahlung strand straße strategie strecke streifen streik streit strom ströme strömung struktur
        stück student studie studium stufe stuhl stunde sturm substanz suche sucht system szene tabelle
        tablette tafel tageszeit takt tanne tarif tasche tastatur tatsache täter tausch technik techniker
        technologie teilnahme teilnehmer telefon temperatur tempel teppich termin terror test teufel theater
        thema theorie therapie tiefe tiere titel tochter tod topf torte tourismus tradition träger transport
        traube trauer traum treffen treppe tresor trieb trommel truppe tunnel turbine türen turnier übergabe
        übergang überschuss übersetzung übertragung überwachung übung ufer uhren umbau umfang umfeld umgang
        umgebung umsatz umwelt unfall universität unternehmen unternehmer unterhalt unterlage unterricht
        unterschied unterstützung untersuchung urheber urkunde ursache urlaub urteil vater verantwortung
        veranstaltung verarbeitung verband verbände verbindung verbot verbrauch verbraucher verbrechen
        verbrennung verein vereinbarung verfahren verfassung verfügung vergleich vergütung verhalten
        verhältnis verhandlung verkauf verkäufer verkehr verlag verletzung verlust vermieter vermittlung
        vermögen verordnung verpackung versammlung versand versicherung versorgung versuch verteidigung
        verteilung vertrag verträge vertreter vertretung vertrieb verwaltung verwendung verzeichnis video
        vogel vögel volumen vorgang vorhaben vorschlag vorschrift vorstand vorteil vortrag waffe wachstum
        wagen wahlen währung walze wandel wanderung waren wärme wartung wäsche wasser wechsel werbung werft
        werkstatt werkzeug werte wesen wetter wettbewerb widerstand wiese wille winter wirkung wirtschaft
        wissen wissenschaft wissenschaftler witwe woche wohnung wolke wolle wunde wunsch wurst wurzel wüste
        zahlen zahlung zähler zange zaun zeichen zeichnung zeile zeiten zeitraum zeitschrift zeitung zelle
        zement zentrale zentrum zerstörung zettel zeuge zeugnis ziegel ziele ziffer zimmer zinsen zirkel
        zitat zoll zucker zufuhr zugang zukunft zulage zulassung zusage zusammenhang zusatz zuschlag
        zuschuss zustand zustimmung zutritt zweck zweig zwiebel zyklus amt arm art arzt auge auto bad bahn
        ball band bank bau baum bein berg bett bild bier blut boot brot buch bund büro chef dach damm dorf
        ehe eis ende erbe erde fach fall fest flug form foto frau gang gas gast geld glas gold gras grad gut
        haar hand haus haut hang heft heim held herr hof hund hut idee jahr kind kopf kurs land last lauf
        lied loch mann maß meer mehl mond mord mund nacht name nase netz not ofen ohr ort park pass plan
        post rad rand rat raum rede rest ring rock rose ruf saal sack saft sand satz see sohn spur stab
        stadt stall tag tal tank teil text tier ton tor tour tuch tür turm uhr vieh volk wahl wald wand ware
        weg wein welt werk wert wind wort zahl zahn zeit zeug ziel zug
        """,
}

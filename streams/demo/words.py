"""What made-up people are called, what they do, and what they write to each other."""

# ruff: noqa: E501 (a mail reads better on one line)

from collections.abc import Mapping, Sequence

Pair = tuple[str, str]  # a title for a man and for a woman; or subject and text of a mail

FIRST_NAMES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "en": (
        "Adam Alistair Callum Daniel Edward Gareth Graham Harry Ian James Lewis Marcus Neil Oliver Rory Simon".split(),
        "Alice Amelia Beth Charlotte Eleanor Fiona Gemma Hannah Isla Joanna Kate Lucy Megan Nicola Priya Zara".split(),
    ),
    "us": (
        "Aaron Brandon Carlos Derek Ethan Frank Greg Hector Jason Kevin Luis Mike Nathan Omar Scott Tyler".split(),
        "Abby Brianna Courtney Dana Emily Grace Heather Jasmine Kelly Lauren Maria Natalie Olivia Rachel Tina".split(),
    ),
    "de": (
        "Andreas Bernd Christian Dirk Florian Holger Jan Jörg Jürgen Lukas Markus Matthias Rainer Stefan Uwe".split(),
        "Anja Birgit Claudia Daniela Eva Franziska Heike Ines Julia Katrin Lena Monika Nadine Petra Sabine".split(),
    ),
    "fr": (
        "Adrien Benoît Cédric Étienne François Guillaume Hugo Julien Laurent Mathieu Nicolas Olivier Rémi".split(),
        "Agnès Aurélie Camille Chloé Delphine Élodie Hélène Inès Juliette Margaux Nathalie Sandrine Sophie".split(),
    ),
    "es": (
        "Alejandro Álvaro Carlos Diego Enrique Fernando Gonzalo Javier Jorge Manuel Pablo Rafael Sergio".split(),
        "Alba Beatriz Carmen Cristina Elena Inés Isabel Laura Lucía Marta Núria Pilar Raquel Rocío Sonia".split(),
    ),
}

LAST_NAMES: Mapping[str, Sequence[str]] = {
    "en": "Ashworth Barlow Carrick Dunmore Ellery Fenwick Garside Hartnell Ingham Jessop Kendrick Lockhart Marlow "
    "Norcott Oakden Pemberton Quayle Radley Selwyn Thackeray Underhill Varley Whitlock Yardley".split(),
    "us": "Abernathy Bowers Calloway Delgado Eastman Fulton Garrity Hollis Irwin Jarvis Kowalski Langford Mercado "
    "Novak Ortega Pruitt Quintana Redfern Salazar Tolliver Upchurch Vance Whitaker Zimmer".split(),
    "de": "Albrecht Brandner Cordes Dörfler Ebner Fichtner Grubinger Haberland Jansen Köstler Lindner Mühlbauer "
    "Nägele Oberhuber Pichler Rösner Schönfeld Thalhammer Ullmann Vogtland Weidinger Zöllner".split(),
    "fr": "Aubertin Bourdet Chastain Delacourt Escoffier Fauvel Garnier Hébrard Jourdan Lacombe Mercier Noiret "
    "Ponsard Quentin Rivoire Sauvage Tessier Vasseur".split(),
    "es": "Aguirre Barrios Castellanos Domínguez Echeverría Fuentes Galván Herrero Ibáñez Luque Montero Navarro "
    "Olmedo Pizarro Quiroga Rebollo Santamaría Valdés".split(),
}

# Titles that give power by themselves.
POWER_TITLES: Mapping[str, Sequence[Pair]] = {
    "en": (
        ("Chief Executive Officer", "Chief Executive Officer"),
        ("Chief Financial Officer", "Chief Financial Officer"),
        ("Managing Director", "Managing Director"),
        ("Chief Operating Officer", "Chief Operating Officer"),
        ("CIO", "CIO"),
    ),
    "us": (
        ("CEO", "CEO"),
        ("CFO", "CFO"),
        ("VP Operations", "VP Operations"),
        ("Chief Operating Officer", "Chief Operating Officer"),
        ("Senior Vice President, Supply Chain", "Senior Vice President, Supply Chain"),
    ),
    "de": (
        ("Geschäftsführer", "Geschäftsführerin"),
        ("Kaufmännischer Geschäftsführer", "Kaufmännische Geschäftsführerin"),
        ("Vorstand Finanzen", "Vorstand Finanzen"),
        ("Vorstandsvorsitzender", "Vorstandsvorsitzende"),
    ),
    "fr": (
        ("Directeur général", "Directrice générale"),
        ("Directeur financier", "Directrice financière"),
        ("PDG", "PDG"),
    ),
    "es": (
        ("Director general", "Directora general"),
        ("Director financiero", "Directora financiera"),
        ("Consejero delegado", "Consejera delegada"),
    ),
}

# Titles of people who have power only because the CRM says so, by role or by the `executive` field.
ROLE_TITLES: Mapping[str, Sequence[Pair]] = {
    "en": (("Head of Operations", "Head of Operations"), ("Commercial Lead", "Commercial Lead")),
    "us": (("Head of Logistics", "Head of Logistics"), ("Program Owner", "Program Owner")),
    "de": (("Leiter Logistik", "Leiterin Logistik"), ("Werkleiter", "Werkleiterin")),
    "fr": (("Responsable des opérations", "Responsable des opérations"),),
    "es": (("Responsable de operaciones", "Responsable de operaciones"),),
}

USER_TITLES: Mapping[str, Sequence[Pair]] = {
    "en": (
        ("Demand Planner", "Demand Planner"),
        ("Data Analyst", "Data Analyst"),
        ("Transport Coordinator", "Transport Coordinator"),
        ("IT Project Manager", "IT Project Manager"),
        ("Assistant to the CEO", "Assistant to the CEO"),
        ("Process Engineer", "Process Engineer"),
    ),
    "us": (
        ("Supply Planner", "Supply Planner"),
        ("Business Analyst", "Business Analyst"),
        ("Warehouse Supervisor", "Warehouse Supervisor"),
        ("Systems Administrator", "Systems Administrator"),
        ("Project Manager", "Project Manager"),
        ("Dispatch Coordinator", "Dispatch Coordinator"),
    ),
    "de": (
        ("Disponent", "Disponentin"),
        ("Projektleiter", "Projektleiterin"),
        ("IT-Administrator", "IT-Administratorin"),
        ("Sachbearbeiter Logistik", "Sachbearbeiterin Logistik"),
        ("Assistent der Geschäftsführung", "Assistentin der Geschäftsführung"),
        ("Prozessingenieur", "Prozessingenieurin"),
    ),
    "fr": (
        ("Chef de projet", "Cheffe de projet"),
        ("Analyste logistique", "Analyste logistique"),
        ("Planificateur", "Planificatrice"),
        ("Administrateur systèmes", "Administratrice systèmes"),
    ),
    "es": (
        ("Jefe de proyecto", "Jefa de proyecto"),
        ("Analista de logística", "Analista de logística"),
        ("Planificador", "Planificadora"),
        ("Técnico de sistemas", "Técnica de sistemas"),
    ),
}

PROCUREMENT_TITLES: Mapping[str, Pair] = {
    "en": ("Procurement Officer", "Procurement Officer"),
    "us": ("Purchasing Specialist", "Purchasing Specialist"),
    "de": ("Einkäufer", "Einkäuferin"),
    "fr": ("Acheteur", "Acheteuse"),
    "es": ("Técnico de compras", "Técnica de compras"),
}

STEMS: Mapping[str, Sequence[str]] = {
    "en": "Alderway Brackley Calder Dunholm Eskdale Farrow Greyhithe Hollin Ivelmoor Kestrelby Larkfield Moorgarth "
    "Netherby Ottermere Penhallow Quarrybank Ravenshaw Saltmarch Tarnside Ulverdale Wexcombe Yarrowby".split(),
    "us": "Ashgrove Bluestem Cedarline Drywater Elkhollow Flintridge Graywolf Highmesa Ironbrook Juniperton Lonepine "
    "Millrace Northfork Oakhaven Prairieton Redbluff Silverlake Tallgrass Umberland Windrow".split(),
    "de": "Ahrnbach Bruckwald Dornfelder Eichstetter Falkental Grimmelt Haldner Isenbrück Kaltenegg Lohbrink "
    "Moosacher Nordhagen Oberrieth Pfaffental Quellmann Rothenau Sandkamp Tannwieser Ulmbeck Wiesenhof".split(),
    "fr": "Aubrelle Belmartin Castelnay Doussard Estivaux Fontrèze Grandval Hautmesnil Jolivart Lamarque Montcel "
    "Nivernois Orvaux Pontarel Rochebelle Sauvignac Thorigny Valmorin".split(),
    "es": "Albornoz Berlanga Cañaveral Doñarroyo Encinar Fresneda Guadalmar Herrumbre Jarales Lomaverde Monteclaro "
    "Olivares Peñaflor Robledal Salvatierra Torreblanca Valdeparra Zarzuelo".split(),
}

TRADES: Mapping[str, Sequence[str]] = {
    "en": "Foods Logistics Components Packaging Textiles Freight Instruments Dairies Furniture Pharma Paper "
    "Bearings".split(),
    "us": "Foods Logistics Manufacturing Packaging Supply Freight Devices Beverages Hardware Labs Plastics "
    "Motors".split(),
    "de": "Maschinenbau Logistik Feinkost Verpackungen Textil Spedition Messtechnik Molkerei Möbel Pharma Papier "
    "Antriebe".split(),
    "fr": "Logistique Alimentaire Emballages Textiles Transports Mécanique Laiteries Meubles Papiers".split(),
    "es": "Logística Alimentos Envases Textiles Transportes Mecánica Lácteos Muebles Papeles".split(),
}

LEGAL_FORMS: Mapping[str, Sequence[str]] = {
    "en": ("Ltd", "plc", ""),
    "us": ("Inc.", "LLC", ""),
    "de": ("GmbH", "AG", "GmbH & Co. KG"),
    "fr": ("SAS", "SA"),
    "es": ("SL", "SA"),
}

TOWNS: Sequence[str] = (
    "North South East West Central Harbour Valley Coast Hill River Lake Forest Bridge Castle Mill Park Cross Field "
    "Ridge Grove".split()
)

PRODUCTS: Sequence[str] = ("Demand Planning", "Route Planning", "Warehouse Scheduling", "Freight Analytics")

# The first mail of a thread: subject and text.
OPENERS: Mapping[str, Mapping[str, Sequence[Pair]]] = {
    "en": {
        "inquiry": (
            (
                "{product} for {account}",
                "Hello, we plan with spreadsheets and are outgrowing them. Could you show us {product}?",
            ),
            (
                "Question about {product}",
                "A colleague saw you at a trade fair. What would {product} take for a team of 40?",
            ),
        ),
        "final": (
            ("Ready to start?", "Hi {first}, from our side everything is ready. Do we go ahead together?"),
            ("Your decision", "Hi {first}, you wanted to decide this week. Where do you stand?"),
        ),
        "back": (
            ("Picking this up again", "Sorry for the long silence, we had a lot on. Can we go on where we stopped?"),
        ),
        "intro": (
            (
                "{product} at {account}",
                "Hi {first}, companies like yours cut planning time by a third. Worth twenty minutes next week?",
            ),
            (
                "Fewer empty runs at {account}",
                "Hi {first}, I read about your new site and have an idea for it. May I show you?",
            ),
        ),
        "recap": (
            (
                "What we agreed today",
                "Hi {first}, thank you for your time. My notes and the three points you want solved are below.",
            ),
            (
                "Notes from our meeting",
                "Hi {first}, short recap: manual planning costs you two days a week. Did I get that right?",
            ),
        ),
        "executive": (
            (
                "Twenty minutes on {product}",
                "Dear {first}, your team found savings I would like to walk you through before we go on.",
            ),
            (
                "Business case for {account}",
                "Dear {first}, the numbers your planners gave us are ready. Could we go over them?",
            ),
        ),
        "invite": (
            (
                "A slot this week?",
                "Hi {first}, I would like to go through the open points with you. Does one of these times suit?",
            ),
            ("Next review", "Hi {first}, shall we look at the test results together? I can do mornings."),
        ),
        "update": (
            (
                "Test environment is ready",
                "Hi {first}, your test environment is up with last month's orders. Could you log in once?",
            ),
            (
                "Reference visit",
                "Hi {first}, a customer of your size would talk to you about their roll-out. Interested?",
            ),
            (
                "Draft roll-out plan",
                "Hi {first}, attached is a roll-out plan in three waves. Which site should go first?",
            ),
            (
                "Import of your order history",
                "Hi {first}, the import ran through. Forecast error dropped by nine points. Want to see it?",
            ),
        ),
        "proposal": (
            (
                "Proposal {product}",
                "Hi {first}, here is our proposal as discussed, with the phased price on page four.",
            ),
            ("Our offer for {account}", "Hi {first}, the offer is attached. It holds the two options you asked for."),
        ),
        "contract": (
            ("Contract draft", "Hi {first}, here is the contract draft with the changes we spoke about marked."),
        ),
        "chase": (
            ("Any news?", "Hi {first}, have you had a chance to look at the proposal?"),
            ("Checking in", "Hi {first}, just checking in on the proposal. Is there anything you need from us?"),
        ),
        "handover": (
            (
                "Your new contact at Northbeam",
                "Hi {first}, I take over from my colleague and have read up on everything. When may I call?",
            ),
        ),
    },
    "de": {
        "inquiry": (
            (
                "{product} für {account}",
                "Guten Tag, wir planen noch mit Tabellen und stoßen an Grenzen. Könnten Sie uns {product} zeigen?",
            ),
            ("Anfrage {product}", "Guten Tag, wir suchen eine Lösung für vierzig Disponenten. Wie gehen Sie da vor?"),
        ),
        "final": (("Ihre Entscheidung", "Hallo {first}, von uns aus ist alles bereit. Starten wir gemeinsam?"),),
        "back": (
            ("Wir machen weiter", "Entschuldigung für die lange Stille, hier war viel los. Wollen wir weitermachen?"),
        ),
        "intro": (
            (
                "{product} bei {account}",
                "Guten Tag {first}, vergleichbare Betriebe sparen ein Drittel der Planungszeit. Haben Sie 20 Minuten?",
            ),
        ),
        "recap": (
            (
                "Unser Gespräch heute",
                "Hallo {first}, vielen Dank für das Gespräch. Unten meine Notizen und Ihre drei wichtigsten Punkte.",
            ),
        ),
        "executive": (
            (
                "Wirtschaftlichkeit für {account}",
                "Guten Tag {first}, Ihr Team hat Einsparungen gefunden, die ich Ihnen gern zeigen würde.",
            ),
        ),
        "invite": (
            (
                "Termin diese Woche?",
                "Hallo {first}, ich würde die offenen Punkte gern mit Ihnen durchgehen. Passt einer der Termine?",
            ),
        ),
        "update": (
            (
                "Testumgebung steht",
                "Hallo {first}, Ihre Testumgebung läuft mit den Aufträgen vom letzten Monat. Melden Sie sich einmal an?",
            ),
            ("Referenzbesuch", "Hallo {first}, ein Kunde Ihrer Größe würde Ihnen seine Einführung zeigen. Interesse?"),
            (
                "Einführungsplan",
                "Hallo {first}, anbei ein Einführungsplan in drei Schritten. Welches Werk soll beginnen?",
            ),
        ),
        "proposal": (
            (
                "Angebot {product}",
                "Hallo {first}, anbei unser Angebot wie besprochen, gestaffelte Preise auf Seite vier.",
            ),
        ),
        "contract": (("Vertragsentwurf", "Hallo {first}, anbei der Vertragsentwurf mit den besprochenen Änderungen."),),
        "chase": (
            ("Gibt es Neuigkeiten?", "Hallo {first}, konnten Sie schon in das Angebot schauen?"),
            ("Kurze Nachfrage", "Hallo {first}, ich wollte kurz nachfragen: Brauchen Sie noch etwas von uns?"),
        ),
        "handover": (
            (
                "Ihr neuer Ansprechpartner",
                "Hallo {first}, ich übernehme von meinem Kollegen und bin eingelesen. Wann darf ich anrufen?",
            ),
        ),
    },
}

# A further mail of a thread.
ANSWERS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "en": {
        "welcome": ("Hello {first}, gladly. I suggest we start with half an hour on how you plan today.",),
        "yes": (
            "Sounds good, please send an invitation.",
            "Yes, that works for us.",
            "Happy to. Thursday suits me best.",
        ),
        "terms": (
            "Two changes of wording, marked in the draft. The rest is fine.",
            "Please move the start to the first of the month, then we are done.",
        ),
        "gladly": ("Good to hear from you, {first}. I suggest half an hour this week.",),
        "thanks": (
            "Thank you, that is exactly how we see it.",
            "Great, I shared it with the team and they like it.",
            "Looks good. I will bring two colleagues next time.",
        ),
        "reviewing": ("Thank you, received. We will go through it and come back to you.",),
        "feedback": (
            "We read it together. Two small points on the payment plan, otherwise fine.",
            "The second option fits. Please add the training days.",
        ),
        "follow_up": (
            "Hi {first}, following up on my mail below.",
            "Hi {first}, I tried to reach you by phone too. Is this still on your list?",
            "Hi {first}, should I close the file or is it just a busy time?",
        ),
        "moved": ("Sorry, something came up here. Can we move it by a day or two?",),
        "busy": ("Still on it, the quarter keeps us busy. Please move the start a little.",),
        "pause": ("Our budget round is under way, nothing moves before it is over. Please call me again then.",),
        "decision": ("Good news: we are going with you. Please send the final papers.",),
        "no": (
            "Thank you for all your work. We have decided against it.",
            "We are going with another vendor. It was close.",
        ),
        "milestone": ("That is done on our side now.", "Our security team has signed this off."),
        "away": ("I am out of the office and will answer when I am back.",),
        "internal": (
            "FYI. Can you help me with the answer?",
            "What discount may I give here?",
            "See below, looks promising.",
        ),
    },
    "de": {
        "welcome": (
            "Guten Tag {first}, sehr gern. Ich schlage eine halbe Stunde vor, um Ihre Planung kennenzulernen.",
        ),
        "yes": (
            "Klingt gut, bitte schicken Sie eine Einladung.",
            "Ja, das passt uns.",
            "Gern, am besten am Donnerstag.",
        ),
        "terms": ("Zwei Formulierungen haben wir im Entwurf markiert, der Rest passt.",),
        "gladly": ("Schön, von Ihnen zu hören, {first}. Ich schlage eine halbe Stunde diese Woche vor.",),
        "thanks": (
            "Danke, genau so sehen wir es.",
            "Sehr gut, ich habe es im Team verteilt.",
            "Passt. Nächstes Mal bringe ich zwei Kollegen mit.",
        ),
        "reviewing": ("Danke, ist angekommen. Wir sehen es durch und melden uns.",),
        "feedback": ("Wir haben es gemeinsam gelesen. Zwei Punkte zum Zahlungsplan, sonst in Ordnung.",),
        "follow_up": (
            "Hallo {first}, ich komme auf meine Mail zurück.",
            "Hallo {first}, ich habe es auch telefonisch versucht. Ist das Thema noch aktuell?",
        ),
        "moved": ("Entschuldigung, mir ist etwas dazwischengekommen. Können wir ein, zwei Tage schieben?",),
        "busy": ("Wir sind dran, das Quartal hält uns auf Trab. Bitte den Start etwas schieben.",),
        "pause": ("Unsere Budgetrunde läuft, vorher bewegt sich nichts. Rufen Sie mich bitte danach wieder an.",),
        "decision": ("Gute Nachricht: Wir machen es mit Ihnen. Bitte senden Sie die Unterlagen.",),
        "no": ("Vielen Dank für Ihre Mühe. Wir haben uns dagegen entschieden.",),
        "milestone": ("Das ist bei uns jetzt erledigt.",),
        "away": ("Ich bin nicht im Büro und antworte nach meiner Rückkehr.",),
        "internal": ("Zur Info. Kannst du bei der Antwort helfen?", "Welchen Rabatt darf ich hier geben?"),
    },
}

# Questions that keep a rep busy: subject, the buyer's question, our answer.
QUESTIONS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "en": (
        (
            "Export to spreadsheets",
            "Can we still export the plan to spreadsheets?",
            "Yes, with one click from every view.",
        ),
        ("Single sign-on", "Which sign-on does it support?", "SAML and OpenID Connect, both without extra charge."),
        ("Data centre", "Where is our data kept?", "In the EU or the US, as you choose in the contract."),
        ("User licences", "Do drivers need a licence of their own?", "No, only people who change the plan."),
        ("Public holidays", "Does it know regional holidays?", "Yes, per site, and you can add your own."),
        (
            "Pricing for sites",
            "What does a fourth site add to the price?",
            "Nothing up to five sites, the tier stays the same.",
        ),
        ("Training", "How long does training take?", "Half a day for planners, an hour for everybody else."),
        (
            "Interface to our ERP",
            "Is there an interface to our ERP?",
            "There is. It runs every ten minutes by default.",
        ),
        ("Mobile app", "Does it work on our old tablets?", "It runs in the browser, so yes."),
        ("Support hours", "Is there support on Saturdays?", "Until noon, and an emergency line after that."),
        ("Audit log", "Can we see who changed what?", "Every change is logged with name and time."),
        ("Screenshots", "Could you send the screenshots of the map again?", "Here they are, in full size."),
    ),
    "de": (
        ("Export nach Excel", "Können wir den Plan weiter exportieren?", "Ja, mit einem Klick aus jeder Ansicht."),
        ("Anmeldung", "Welche Anmeldung wird unterstützt?", "SAML und OpenID Connect, ohne Aufpreis."),
        ("Rechenzentrum", "Wo liegen unsere Daten?", "In Deutschland oder Irland, ganz nach Vertrag."),
        ("Lizenzen", "Brauchen Fahrer eine eigene Lizenz?", "Nein, nur wer den Plan ändert."),
        ("Feiertage", "Kennt das System unsere Feiertage?", "Ja, je Bundesland, eigene kommen dazu."),
        ("Preis für ein viertes Werk", "Was kostet ein viertes Werk?", "Bis fünf Werke bleibt die Stufe gleich."),
        ("Schulung", "Wie lange dauert die Schulung?", "Einen halben Tag für die Disposition."),
        ("App für Fahrer", "Läuft das auf unseren alten Tablets?", "Es läuft im Browser, also ja."),
        ("Support am Samstag", "Ist samstags jemand erreichbar?", "Bis zwölf Uhr, danach gibt es eine Notrufnummer."),
        ("Protokoll", "Sehen wir, wer was geändert hat?", "Jede Änderung steht mit Name und Zeit im Protokoll."),
        ("Bildschirmfotos", "Schicken Sie uns die Bilder der Karte noch einmal?", "Gern, anbei in voller Größe."),
        ("Schnittstelle", "Gibt es eine Schnittstelle zu unserem ERP?", "Ja, sie läuft alle zehn Minuten."),
    ),
}

LOSS_REASONS: Sequence[str] = ("competitor", "price", "no decision", "project stopped", "missing feature")
NEXT_STEPS: Sequence[str] = (
    "Send roll-out plan", "Review test results", "Call with planners", "Agree scope of phase one",
    "Walk through pricing", "Security questions", "Visit the site",
)  # fmt: skip
CLOSE_PLAN: Sequence[tuple[str, str]] = (
    ("Security questionnaire answered", "seller"),
    ("Data protection agreement signed", "buyer"),
    ("Purchase order approved", "buyer"),
)

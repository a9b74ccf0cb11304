"""Who has power by title: the vocabulary, word for word."""

import pytest

from detectors.core.executives import is_executive_title, is_procurement_title

POWER = {
    "English": """
        CEO · C.E.O. · ceo & founder · Chief Executive Officer · Chief Product Officer · President · Chairwoman
        Chief Information Security Officer · CTO and Chief Architect · Chief Operating Officer (interim)
        Chairman of the Board · Managing Director · Managing Director, Sales · General Manager EMEA · Executive Director
        Owner · Business Owner · Co-Founder · Founder · Managing Partner · Partner · Senior Partner, Tax · VP Product
        V.P. Sales · Vice President, Account Management · Vice-President · SVP Systems Engineering
        EVP Process Excellence · Head of Finance · Finance Director
        Chief Executive Officer, Office Products · President & CEO, Office Depot · CEO - Office Depot
        CEO – Office Depot · CEO, ex-Google · Founder and former CEO · Founder / Adviser to startups
        Partner, Advisory Team
    """,
    "German": """
        Geschäftsführer · Geschäftsführerin · Geschaeftsfuehrer · GESCHÄFTSFÜHRER · Mitglied der Geschäftsleitung
        Geschäftsführender Gesellschafter · Vorstand Finanzen · Mitglied des Vorstands · Vorstandsvorsitzende
        Prokurist · Inhaberin · Kaufmännischer Leiter · Technischer Leiter · Bereichsleiterin Einkauf
        Hauptgeschäftsführer · Generaldirektor · Finanzvorstand · Gesellschafter · Sprecher der Geschäftsführung
        Vorsitzender der Geschaeftsfuehrung · Gründer und Gesellschafter · Finanzvorständin
    """,
    "French": """
        PDG · Président-directeur général · Directrice générale · Directeur Financier · Directeur des achats · Gérant
        Fondatrice · Vice-présidente · Dirigeant · Directeur administratif et financier · Président du directoire
        Directeur général adjoint
    """,
    "Spanish": """
        Director General · Directora Financiera · Consejera Delegada · Gerente General · Presidente · Socio fundador
        Vicepresidenta de Ventas · Propietario · Director Ejecutivo · Director General del Grupo
    """,
}
NO_POWER = {
    "English": """
        Engineer · Buyer · Sales Manager · Account Manager · Account Executive · Head of IT · IT Director · Team Lead
        Product Owner · Process Owner · Data Owner · System Owner · Project Owner · Service Owner · Scrum Master
        Partner Manager · Channel Partner Lead · HR Business Partner · People Partner · Partnerships
        Alliance Partner Lead · Chief of Staff · Chief Engineer · Executive Assistant to the CEO
        Assistant to the President · PA, CEO Office · Secretary to the Board Chairman · Aide to the Owner
        Ownership Analyst · Evpatoria · Vpn Specialist · Preceptor
        Ex-CEO · Former CEO · Retired President · CEO (former) · Chairman, retired · President Emeritus
        EA to the CFO · PA to CEO · Founder's Associate · Founder’s Associate · CIO Advisor · CSO Analyst · CEO's Office
        Office of the CEO · Software Engineer, CTO team · Key Account Manager (reports to CEO)
        President of the works council
    """,
    "German": """
        Einkäufer · Projektleiter · Leiter Einkauf · Sachbearbeiterin · Werkstudent · Assistentin der Geschäftsführung
        Sekretariat der Geschäftsleitung · Teamassistenz Vorstand · Vorstandsassistent · Referentin des Vorstands
        ehem. Geschäftsführer · Ehemaliger Vorstand · Vorzimmer Geschäftsführung · Büro der Geschäftsführung
        Mitarbeiterin der Geschäftsleitung
    """,
    "French": """
        Acheteur · Chef de projet · Responsable achats · Ingénieur · Assistante de direction · Secrétaire du président
        ancien PDG · Ancienne présidente · Adjointe au PDG · Attaché au président · Conseiller du directeur général
    """,
    "Spanish": """
        Jefe de compras · Comprador · Ingeniera · Asistente del Director General · Secretaria de Presidencia
        Subdirector General · Antiguo presidente · Expresidente · Adjunto al Director General
    """,
}


def titles(told: dict[str, str]) -> list[str]:
    return [title.strip() for text in told.values() for line in text.strip().splitlines() for title in line.split("·")]


@pytest.mark.parametrize("title", titles(POWER))
def test_these_can_decide(title):
    assert is_executive_title(title)


@pytest.mark.parametrize("title", ["", " ", "?", *titles(NO_POWER)])
def test_these_cannot(title):
    assert not is_executive_title(title)


def test_case_and_accents_do_not_matter():
    assert is_executive_title("GESCHÄFTSFÜHRERIN") is is_executive_title("geschaftsfuhrerin") is True
    assert is_executive_title("président") is is_executive_title("PRESIDENT") is True


def test_a_title_of_any_length_and_kind_is_read():
    assert not is_executive_title("x" * 1_000_000)
    assert not is_executive_title("\x00\u202e😀" * 1000)
    assert is_executive_title("CEO " + "x" * 1_000_000)


OF_PROCUREMENT = """
    Head of Procurement · Purchasing Manager · Senior Buyer · VP Strategic Sourcing · Leiter Einkauf · Einkaufsleiterin
    Einkäufer · Einkaeuferin · Strategischer Einkauf · Beschaffung · Responsable achats · Responsable du service achats
    Acheteuse · Jefe de compras · Compradora · Inkoper · Hoofd Inkoop · Responsabile acquisti · Gerente de Compras
"""
NOT_OF_PROCUREMENT = """
    Verkaufsleiter · CEO · Former Buyer · Head of Procurement (former) · Assistant to the Head of Procurement
    Assistenz Einkauf · Engineer · Resourcing Manager
"""


@pytest.mark.parametrize("title", titles({"": OF_PROCUREMENT}))
def test_a_title_of_procurement(title):
    assert is_procurement_title(title)


@pytest.mark.parametrize("title", titles({"": NOT_OF_PROCUREMENT}))
def test_a_title_of_something_else_is_not(title):
    assert not is_procurement_title(title)

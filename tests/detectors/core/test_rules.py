"""What holds for a deal, and what a rules file may say."""

import pytest

from detectors.core.calendar import Calendar
from detectors.core.registry import catalogue
from detectors.core.rules import Rules, RulesError
from tests.detectors.builders import REP, changed, created, deal, entered

ANN = "ann@us.example"


def problems(content: object) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(RulesError) as refused:
        Rules.of(content)
    return refused.value.problems


# -- what is refused

UNKNOWN = [
    ({"overides": []}, ("overides",), "unknown name 'overides', did you mean 'overrides'?"),
    ({"promised": {"ghostd": {}}}, ("promised", "ghostd"), "unknown name 'ghostd', did you mean 'ghosted'?"),
    (
        {"promised": {"ghosted": {"recal": 0.5}}},
        ("promised", "ghosted", "recal"),
        "unknown name 'recal', did you mean 'recall'?",
    ),
    ({"organization": {"domain": []}}, ("organization", "domain"), "unknown name 'domain', did you mean 'domains'?"),
    (
        {"detectors": {"gone_quite": {}}},
        ("detectors", "gone_quite"),
        "unknown name 'gone_quite', did you mean 'gone_quiet'?",
    ),
    (
        {"detectors": {"gone_quiet": {"warn_busines_days": 3}}},
        ("detectors", "gone_quiet", "warn_busines_days"),
        "unknown name 'warn_busines_days', did you mean 'warn_business_days'?",
    ),
    (
        {"overrides": [{"when": {}}, {"when": {"segmnt": "x"}}]},
        ("overrides", 1, "when", "segmnt"),
        "unknown name 'segmnt', did you mean 'segment'?",
    ),
    (
        {"overrides": [{"when": {}, "disabled": []}]},
        ("overrides", 0, "disabled"),
        "unknown name 'disabled', did you mean 'disable'?",
    ),
    (
        {"overrides": [{"when": {}, "disable": ["ghosted", "ghostd"]}]},
        ("overrides", 0, "disable", 1),
        "unknown name 'ghostd', did you mean 'ghosted'?",
    ),
    (
        {"overrides": [{"when": {}, "detectors": {"ghostd": {}}}]},
        ("overrides", 0, "detectors", "ghostd"),
        "unknown name 'ghostd', did you mean 'ghosted'?",
    ),
    (
        {"teams": {"emea": {}}, "owners": {ANN: {"team": "emae"}}},
        ("owners", ANN, "team"),
        "unknown name 'emae', did you mean 'emea'?",
    ),
    (
        {"teams": {"emea": {"maneger": "b@us.example"}}},
        ("teams", "emea", "maneger"),
        "unknown name 'maneger', did you mean 'manager'?",
    ),
    ({"detectors": {"horoscope": {}}}, ("detectors", "horoscope"), "unknown name 'horoscope'"),
]


@pytest.mark.parametrize(("content", "place", "text"), UNKNOWN, ids=[str(place) for _, place, _ in UNKNOWN])
def test_an_unknown_name_is_told_with_its_place_and_the_nearest_that_is_known(content, place, text):
    assert problems(content) == [(place, text)]


WRONG = [
    ({"organization": {"time_zone": "Berlin"}}, ("organization", "time_zone")),
    ({"organization": {"holidays": "Atlantis"}}, ("organization", "holidays")),
    ({"organization": {"working_days": ["Mon", "Funday"]}}, ("organization", "working_days", 1)),
    ({"organization": {"working_days": []}}, ("organization", "working_days")),
    ({"organization": {"domains": ["us.example", "not a domain"]}}, ("organization", "domains", 1)),
    ({"organization": {"fiscal_year_starts": 13}}, ("organization", "fiscal_year_starts")),
    ({"teams": {"emea": {"manager": "boss"}}}, ("teams", "emea", "manager")),
    ({"owners": {"ann": {}}}, ("owners", "ann")),
    ({"alerts": {"quiet_hours": ["8pm", "07:00"]}}, ("alerts", "quiet_hours", 0)),
    ({"alerts": {"per_owner_per_day": -1}}, ("alerts", "per_owner_per_day")),
    ({"sources": {"gmail": {"max_silence": "soon"}}}, ("sources", "gmail", "max_silence")),
    ({"pipelines": {"default": {"stages": []}}}, ("pipelines", "default", "stages")),
    ({"detectors": {"gone_quiet": {"warn_business_days": 0}}}, ("detectors", "gone_quiet", "warn_business_days")),
    ({"detectors": {"gone_quiet": {"warn_business_days": "many"}}}, ("detectors", "gone_quiet", "warn_business_days")),
    ({"detectors": {"gone_quiet": None}}, ("detectors", "gone_quiet")),
    ({"detectors": {"no_executive_contact": {"age": "-1d"}}}, ("detectors", "no_executive_contact", "age")),
    ({"overrides": [{"detectors": {}}]}, ("overrides", 0, "when")),
    ({"overrides": [{"when": {"owner": "ann"}}]}, ("overrides", 0, "when", "owner")),
    (["a", "list"], ()),
    ("text", ()),
]


@pytest.mark.parametrize(("content", "place"), WRONG, ids=[str(place) for _, place in WRONG])
def test_a_wrong_value_is_told_with_its_place(content, place):
    ((told, text),) = problems(content)
    assert told == place
    assert text


def test_every_problem_is_told_at_once():
    found = problems(
        {
            "detectors": {"gone_quite": {}, "ghosted": {"chases": 99, "chaises": 2}},
            "overrides": [{"when": {}, "detectors": {"reply_only": {"replies": 1}}}],
        }
    )
    assert [place for place, _ in found] == [
        ("detectors", "gone_quite"),
        ("detectors", "ghosted", "chases"),
        ("detectors", "ghosted", "chaises"),
        ("overrides", 0, "detectors", "reply_only", "replies"),
    ]


def test_an_error_reads_as_a_line():
    with pytest.raises(
        RulesError, match=r"^detectors\.gone_quite: unknown name 'gone_quite', did you mean 'gone_quiet'\?$"
    ):
        Rules.of({"detectors": {"gone_quite": {}}})


def test_an_empty_file_means_the_defaults():
    assert Rules.of(None).hash == Rules.of({}).hash == Rules().hash
    assert Rules.of(None).detectors_for(deal(created(0))) == {name: kind() for name, kind in catalogue().items()}


# -- overrides

DAYS = "warn_business_days"


def warn_days(rules: Rules, **fields: object) -> int:
    return rules.detectors_for(deal(created(0, **fields), rules=rules))["gone_quiet"].warn_business_days  # type: ignore[attr-defined]


def gone_quiet(days: int, **when: object) -> dict[str, object]:
    return {"when": when, "detectors": {"gone_quiet": {DAYS: days}}}


def test_an_override_holds_where_every_key_matches():
    rules = Rules.of({"overrides": [gone_quiet(30, segment="Enterprise", min_amount=100_000)]})
    assert warn_days(rules, segment="enterprise", amount=100_000) == 30
    assert warn_days(rules, segment="enterprise", amount=99_999) == 10
    assert warn_days(rules, segment="smb", amount=100_000) == 10
    assert warn_days(rules, segment="enterprise") == 10
    assert warn_days(rules) == 10


MATCHES = [
    ({"pipeline": "renewals"}, {"pipeline": "Renewals"}, {"pipeline": "new"}),
    ({"pipeline": "default"}, {}, {"pipeline": "new"}),
    ({"segment": "smb"}, {"segment": "SMB"}, {}),
    ({"stage": "Legal"}, {"stage": "legal"}, {"stage": "Demo"}),
    ({"team": "emea"}, {"team": "EMEA"}, {"team": "amer"}),
    ({"team": "emea"}, {"owner": ANN}, {"owner": REP}),
    ({"owner": "Ann@US.example"}, {"owner": ANN}, {"owner": REP}),
    ({"currency": "EUR"}, {"currency": "EUR"}, {"currency": "USD"}),
    ({"min_amount": 10}, {"amount": 10}, {"amount": 9.99}),
    ({"max_amount": 10}, {"amount": 10}, {"amount": 10.01}),
    ({"max_amount": 10}, {"amount": 0}, {}),
    ({}, {}, None),
]


@pytest.mark.parametrize(("when", "hit", "miss"), MATCHES, ids=[str(when) for when, _, _ in MATCHES])
def test_every_key_of_when_matches_and_does_not(when, hit, miss):
    rules = Rules.of({"teams": {"emea": {}}, "owners": {ANN: {"team": "emea"}}, "overrides": [gone_quiet(30, **when)]})
    assert warn_days(rules, **hit) == 30
    if miss is not None:
        assert warn_days(rules, **miss) == 10


def test_later_overrides_win_and_leave_what_they_do_not_name():
    rules = Rules.of(
        {
            "detectors": {"gone_quiet": {DAYS: 8, "critical_business_days": 9}},
            "overrides": [gone_quiet(30, segment="enterprise"), gone_quiet(40, min_amount=5)],
        }
    )
    assert warn_days(rules) == 8
    assert warn_days(rules, segment="enterprise") == 30
    assert warn_days(rules, segment="enterprise", amount=5) == 40
    both = rules.detectors_for(deal(created(0, segment="enterprise", amount=5), rules=rules))
    assert both["gone_quiet"].critical_business_days == 9  # type: ignore[attr-defined]


def test_a_detector_is_silenced_for_some_deals_and_heard_again_by_a_later_override():
    silenced = {"when": {"stage": "Legal"}, "disable": ["gone_quiet"]}
    rules = Rules.of({"overrides": [silenced]})
    assert "gone_quiet" not in rules.detectors_for(deal(entered("Legal", 0), rules=rules))
    assert "gone_quiet" in rules.detectors_for(deal(entered("Demo", 0), rules=rules))
    again = Rules.of({"overrides": [silenced, gone_quiet(30, segment="enterprise")]})
    assert warn_days(again, stage="Legal", segment="enterprise") == 30


def test_overrides_follow_the_deal_as_it_changes():
    rules = Rules.of({"overrides": [gone_quiet(30, segment="enterprise")]})
    grown = deal(created(0, segment="smb"), changed(1, segment="enterprise"), rules=rules)
    assert rules.detectors_for(grown)["gone_quiet"].warn_business_days == 30  # type: ignore[attr-defined]


# -- calendars and stages


def test_a_calendar_is_the_owners_else_the_teams_else_the_organizations():
    rules = Rules.of(
        {
            "organization": {"holidays": "DE", "time_zone": "Europe/Berlin"},
            "teams": {"amer": {"holidays": "US", "time_zone": "America/New_York"}, "bare": {}},
            "owners": {
                ANN: {"team": "amer", "time_zone": "America/Chicago"},
                "bob@us.example": {"team": "amer"},
                "eve@us.example": {"team": "bare", "holidays": "FR"},
            },
        }
    )
    found = {
        owner: rules.calendar_of(owner, rules.team_of(owner))
        for owner in (ANN, "bob@us.example", "eve@us.example", "who@us.example", None)
    }
    assert found == {
        ANN: Calendar("America/Chicago", "US"),
        "bob@us.example": Calendar("America/New_York", "US"),
        "eve@us.example": Calendar("Europe/Berlin", "FR"),
        "who@us.example": Calendar("Europe/Berlin", "DE"),
        None: Calendar("Europe/Berlin", "DE"),
    }


def test_a_week_is_the_owners_else_the_teams_else_the_organizations():
    rules = Rules.of(
        {
            "organization": {"working_days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]},
            "teams": {"gulf": {"working_days": ["Sun", "Mon", "Tue", "Wed", "Thu"]}},
            "owners": {ANN: {"team": "gulf", "working_days": ["Mon"]}, "bob@us.example": {"team": "gulf"}},
        }
    )
    weeks = {owner: rules.calendar_of(owner, rules.team_of(owner)).week for owner in (ANN, "bob@us.example", None)}
    assert weeks == {
        ANN: {"Mon"},
        "bob@us.example": {"Sun", "Mon", "Tue", "Wed", "Thu"},
        None: {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
    }


def test_the_crms_word_on_the_team_comes_before_the_rules():
    rules = Rules.of(
        {
            "teams": {"emea": {"time_zone": "Europe/Paris"}, "amer": {"time_zone": "America/New_York"}},
            "owners": {ANN: {"team": "emea"}},
        }
    )
    assert deal(created(0, owner=ANN), rules=rules).calendar == Calendar("Europe/Paris")
    assert deal(created(0, owner=ANN, team="amer"), rules=rules).calendar == Calendar("America/New_York")


def test_without_any_word_days_are_those_of_utc_without_holidays():
    assert Rules().calendar_of(None, None) == Calendar("UTC", None)


def test_stages_are_compared_without_case_and_unknown_pipelines_have_the_defaults():
    rules = Rules.of({"pipelines": {"default": {"stages": ["Talk ", "Sign"]}, "Renewals": {"stages": ["Ask"]}}})
    assert rules.stages_of("default") == rules.stages_of("unheard of") == ("talk", "sign")
    assert rules.stages_of("Renewals") == ("ask",)
    assert Rules().stages_of("default") == ()


# -- the hash

SAME = [
    ({}, None),
    ({"detectors": {"gone_quiet": {DAYS: 10}}}, {}),
    ({"detectors": {"gone_quiet": {}}}, {}),
    ({"detectors": {"no_executive_contact": {"age": "30d"}}}, {"detectors": {"no_executive_contact": {"age": "720h"}}}),
    ({"teams": {"a": {}, "b": {}}}, {"teams": {"b": {}, "a": {}}}),
    ({"organization": {"domains": ["US.example"]}}, {"organization": {"domains": ["@us.example"]}}),
    ({"organization": {"time_zone": "UTC"}}, {}),
    ({"organization": {"working_days": ["Fri", "Mon", "Tue", "Wed", "Thu"]}}, {}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_rules_that_say_the_same_have_the_same_hash(one, other):
    assert Rules.of(one).hash == Rules.of(other).hash


OTHER = [
    {"detectors": {"gone_quiet": {DAYS: 11}}},
    {"organization": {"domains": ["us.example"]}},
    {"organization": {"time_zone": "Europe/Berlin"}},
    {"organization": {"holidays": "DE"}},
    {"organization": {"working_days": ["Mon", "Tue", "Wed", "Thu"]}},
    {"teams": {"a": {"time_zone": "Europe/Berlin"}}},
    {"owners": {ANN: {"holidays": "DE"}}},
    {"pipelines": {"default": {"stages": ["a", "b"]}}},
    {"pipelines": {"default": {"stages": ["b", "a"]}}},
    {"overrides": [gone_quiet(30, segment="smb")]},
    {"overrides": [gone_quiet(31, segment="smb")]},
    {"overrides": [gone_quiet(30, segment="enterprise")]},
    {"overrides": [{"when": {}, "disable": ["ghosted"]}]},
]


def test_rules_that_say_something_else_have_another_hash():
    hashes = {Rules.of(content).hash for content in [{}, *OTHER]}
    assert len(hashes) == len(OTHER) + 1
    assert all(len(each) == 64 for each in hashes)

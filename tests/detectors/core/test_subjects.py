"""What a mail's subject says, apart from what mail programs put before it."""

import pytest

from detectors.core.subjects import read


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Pricing",
        "RE: pricing",
        "AW: Pricing",
        "Antw: Pricing",
        "SV: Pricing",
        "VS: Pricing",
        "RES: Pricing",
        "RIF: Pricing",
        "Odp: Pricing",
        "R: Pricing",
        "RE : Pricing",
        "Re\u00a0: Pricing",
        "Re[2]: Pricing",
        "AW (3): Pricing",
        "Re: AW: Re: Pricing",
        "Re: Fwd: Pricing",
        "  re:pricing ",
        "[EXTERNAL] Re: Pricing",
        "Re: [EXT] Pricing",
        "回复：Pricing",
    ],
)
def test_an_answer_is_known_by_its_prefix_in_many_languages(subject):
    assert read(subject) == ("pricing", True, False)


@pytest.mark.parametrize("subject", ["Pricing", "[EXT] pricing"])
def test_what_is_new_is_no_answer(subject):
    assert read(subject) == ("pricing", False, False)


@pytest.mark.parametrize(
    "subject", ["Fwd: Pricing", "WG: Pricing", "Fwd: Re: Pricing", "TR: Pricing", "İLT: Pricing", "[EXT] I: pricing"]
)
def test_what_is_passed_on_is_no_answer(subject):
    assert read(subject) == ("pricing", False, True)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Question: Re: pricing", "question: re: pricing"),
        ("Review: pricing", "review: pricing"),
        ("[Ticket 7] Re: pricing", "[ticket 7] re: pricing"),
        ("re pricing", "re pricing"),
        ("10:30", "10:30"),
        ("", ""),
    ],
)
def test_other_words_before_a_colon_are_words(subject, words):
    assert read(subject) == (words, False, False)


def test_a_subject_of_prefixes_alone_has_no_words():
    assert read("Re: Re:") == ("", True, False)


def test_spaces_and_letters_do_not_matter():
    assert read("Re:  Pricing\t for  ACME").words == read("PRICING for acme").words


def test_a_long_subject_and_its_answer_say_the_same_as_far_as_a_deal_keeps_them():
    long = "word " * 40
    assert read(f"Re: AW: {long}"[:120]).words == read(long[:120]).words


def test_a_hostile_subject_is_read_as_quickly_as_any():
    for hostile in ("re:" * 1_000_000, " " * 1_000_000, "re[" * 1_000_000, "a" * 1_000_000 + ":"):
        assert len(read(hostile).words) <= 200

"""The three policies that come with Renkei: synthetic by name, marked in both languages, in agreement."""

from itertools import permutations

import pytest

from kernel.labels.samples import (
    JP,
    JP_BOOK,
    US,
    US_BOOK,
    handling,
    jp_clearance,
    jp_label,
    releasable_to,
    subject,
    us_label,
)
from renkei.kernel.errors import BadInput
from renkei.kernel.labels.marking import phrase_of
from renkei.kernel.labels.model import Category, Label
from renkei.kernel.labels.presets import clearance_from, demo_clearances, synthetic_book

PH_BOOK = synthetic_book("ph")
PH = PH_BOOK.own
BOOKS = {"jp.jjoc": JP_BOOK, "us.usfj": US_BOOK, "ph.afp": PH_BOOK}


@pytest.mark.parametrize(
    ("label", "en", "ja", "portion"),
    [
        (jp_label(), "JAPAN//UNCLASSIFIED", "日本//非区分", "(JPN//U)"),
        (
            jp_label(
                "GUARDED", releasable_to("USA", "JPN"), handling("MEDICAL", "LOGISTICS"), subject("DISASTER")
            ),
            "JAPAN//GUARDED//REL TO JAPAN, USA//MEDICAL/LOGISTICS//SUBJECT DISASTER RELIEF",
            "日本//取扱制限//開示先：日本・米国//医療・後方支援//件名区分：災害派遣",
            "(JPN//G//REL JPN,USA//MED/LOG//SUBJ DISASTER)",
        ),
        (
            us_label("OFFICIAL", releasable_to("USA", "JPN")),
            "UNITED STATES//OFFICIAL//REL TO USA, JAPAN",
            "米国//公用//開示先：米国・日本",
            "(USA//O//REL USA,JPN)",
        ),
    ],
)
def test_markings_come_from_the_policy_in_both_languages(label, en, ja, portion):
    for book in BOOKS.values():
        marking = book.mark(label)
        assert (marking.en, marking.ja, marking.portion) == (en, ja, portion)
        assert marking.colour == book.policy(label.policy).classification(label.classification).colour


def test_a_label_nobody_knows_still_shows_its_names():
    odd = Label("urn:oid:2.999.7", "HUSH", (Category("T", "restrictive", ("A", "B")),))
    assert JP_BOOK.mark(odd).en == "HUSH//A, B"
    known_policy = jp_label("HUSH", Category("T", "restrictive", ("A",)), handling("B"))
    assert JP_BOOK.mark(known_policy).ja == "日本//HUSH//B//A"


def test_a_label_for_nobody_shows_that_it_is():
    assert JP_BOOK.mark(jp_label("DUTY USE", releasable_to())).en == "JAPAN//DUTY USE//REL TO —"


@pytest.mark.parametrize("terms", [JP, US, PH], ids=["jp", "us", "ph"])
def test_everything_in_a_synthetic_policy_has_a_text_in_both_languages_and_says_it_is_synthetic(terms):
    assert terms.name.startswith("SYNTHETIC EXERCISE POLICY")
    entries = [*terms.classifications, *(v for t in terms.tags for v in t.values)]
    for entry in entries:
        assert {p.lang for p in entry.phrases} == {"en", "ja", ""}
        assert phrase_of(entry.phrases, "?", "ja") not in ("?", "")
        assert phrase_of(entry.phrases, "?", "en").isascii()
        assert not phrase_of(entry.phrases, "?", "ja").isascii()
    assert len({c.colour for c in terms.classifications}) == len(terms.classifications)


@pytest.mark.parametrize("hq", BOOKS)
def test_suggestions_are_valid_named_twice_and_the_national_one_goes_nowhere(hq):
    book, partners = BOOKS[hq], demo_clearances(hq).partners
    assert book.own.suggestions[0].key == "national"
    for suggestion in book.own.suggestions:
        assert book.validate(suggestion.label) is None
        assert suggestion.en.isascii()
        assert not suggestion.ja.isascii()
    national = book.own.suggestions[0].label
    for other in partners.values():
        assert not book.access(other, national).allowed
    assert book.access(demo_clearances(hq).people["officer"], national).allowed


@pytest.mark.parametrize("hq", BOOKS)
def test_every_tag_has_a_name_in_both_languages(hq):
    own = BOOKS[hq].own
    assert [(n.tag, n.type) for n in own.tag_names] == [(t.name, t.type) for t in own.tags]
    assert all(n.en.isascii() and not n.ja.isascii() for n in own.tag_names)


@pytest.mark.parametrize("hq", BOOKS)
def test_demo_clearances_are_sound_and_an_officer_sees_what_a_viewer_sees(hq):
    book, demo = BOOKS[hq], demo_clearances(hq)
    for clearance in (*demo.partners.values(), *demo.people.values()):
        assert book.check_clearance(clearance) is None
    for suggestion in book.own.suggestions:
        if book.access(demo.people["viewer"], suggestion.label).allowed:
            assert book.access(demo.people["officer"], suggestion.label).allowed


def test_what_one_side_releases_the_other_sides_officer_can_read():
    for hq, other in permutations(BOOKS, 2):
        for suggestion in BOOKS[hq].own.suggestions:
            if BOOKS[hq].access(demo_clearances(hq).partners[other], suggestion.label).allowed:
                assert BOOKS[other].access(demo_clearances(other).people["officer"], suggestion.label).allowed


@pytest.mark.parametrize(
    ("one", "other"), list(permutations((JP, US, PH), 2)), ids=lambda p: p.id.split(".")[-2]
)
def test_the_files_say_the_same_of_each_other(one, other):
    there = {(c.name, e.lacv) for c in one.classifications for e in c.equivalents if e.policy == other.id}
    back = {
        (one.level(e.lacv).name, c.lacv)
        for c in other.classifications
        for e in c.equivalents
        if e.policy == one.id
    }
    assert there == back
    assert there
    pairs = {
        (v.name, e.tag_id, e.lacv)
        for t in one.tags
        for v in t.values
        for e in v.equivalents
        if e.policy == other.id and not e.discard
    }
    for name, tag_id, lacv in pairs:
        there_tag = next(t for t in other.tags if t.id == tag_id)
        assert there_tag.numbered(lacv).name == name


def test_a_clearance_from_a_configuration_file_is_checked():
    given = {
        "classifications": ["DUTY USE", "UNCLASSIFIED"],
        "categories": [{"tag": "Releasable to", "type": "permissive", "values": ["USA"]}],
    }
    assert clearance_from(JP_BOOK, given) == jp_clearance("DUTY USE", releasable_to("USA"))
    for wrong, code in (
        ({"classifications": "all"}, "clearance.form"),
        ({"classifications": ["GUARDED"]}, "clearance.gap"),
        ({"classifications": ["UNCLASSIFIED"], "policy": "urn:oid:2.999.7"}, "label.policy"),
        ({"classifications": ["UNCLASSIFIED"], "extra": 1}, "clearance.form"),
    ):
        with pytest.raises(BadInput) as caught:
            clearance_from(JP_BOOK, wrong)
        assert caught.value.code == code

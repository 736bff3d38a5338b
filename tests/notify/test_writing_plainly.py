"""Residents' texts are short and plain, fit an SMS, offer what they must, tell nothing of debts."""

import re

import pytest

from services.notify.writing import sms
from services.notify.writing.facts import Audience, Channel, variants
from services.notify.writing.sentences import lengths_of, sentences_of, words_of
from tests.notify.writings import Which, all_of, texts, written

# At most 15 words: Dijk en Waard's style guide; ten on average: hvds.nl (SOURCES, S127 and S128).
# An SMS has a sentence for each thing to say, with its time and place; so it gets the same.
RESIDENT_WORDS_MAX, RESIDENT_WORDS_MEAN = 15, 10
# Ours: workers know the trade, yet read on a telephone at a front door.
WORKER_WORDS_MAX, WORKER_WORDS_MEAN = 20, 12
# Left of each: the plain word that b1teksten.nl (S129) gives for it; the last rows are ours.
JARGON = re.compile(
    r"\b(echter|indien|inlichten|sanctie|naheffing|achterstallig\w*|inzage|voltooid|indicatie|"
    r"betreffende|middels|conform|dient|teneinde|alsmede|derhalve|reeds|tevens|omtrent|inzake|"
    r"vroegsignal\w*|generalist\w*|schuldhulp\w*|casus|traject|cliënt\w*|intake|moratorium|"
    r"dagvaard\w*|vonnis\w*|deurwaarder\w*|ontruim\w*|rolzitting|mondelinge)\b",
    re.IGNORECASE,
)
DEBT = re.compile(r"schuld|achterstand|\bdebts?\b|arrears|\bow(e|es|ed|ing)\b", re.IGNORECASE)
VISIT_OR_COURT = re.compile(
    r"bezoek|langs|afspraak|zitting|rechtbank|rechter|visit|appointment|court|hearing",
    re.IGNORECASE,
)
OFFERS = {
    "nl": ("andere tijd", "dit ben ik niet", "geen berichten meer", "bel mij"),
    "en": ("another time", "this is not me", "no messages please", "call me"),
}
RESIDENTS = [*all_of(Audience.RESIDENT)]
SMS = [*all_of(Audience.RESIDENT, Channel.SMS)]


@pytest.mark.parametrize("which", RESIDENTS, ids="-".join)
def test_what_residents_read_is_short_and_plain(which: Which) -> None:
    message = written(which)
    for sentence in sentences_of(f"{message.subject}\n{message.text}"):
        assert len(words_of(sentence)) <= RESIDENT_WORDS_MAX, sentence
    assert lengths_of(message.text).mean <= RESIDENT_WORDS_MEAN
    assert not JARGON.search(message.subject + message.text)


@pytest.mark.parametrize("which", [*all_of(Audience.WORKER)], ids="-".join)
def test_what_workers_read_is_short_too(which: Which) -> None:
    for facts in variants(which[1], which[0], which[3]):
        message = texts().write(*which, facts)
        for sentence in sentences_of(message.text):
            assert len(words_of(sentence)) <= WORKER_WORDS_MAX, sentence
        assert lengths_of(message.text).mean <= WORKER_WORDS_MEAN
        assert len(message.text) < 1000


@pytest.mark.parametrize("which", RESIDENTS, ids="-".join)
def test_every_message_to_a_resident_offers_four_answers_by_its_link(which: Which) -> None:
    _, _, _, language = which
    text = written(which).text
    assert all(offer in text.lower() for offer in OFFERS[language])


@pytest.mark.parametrize("which", RESIDENTS, ids="-".join)
def test_residents_read_nothing_of_debts(which: Which) -> None:
    message = written(which)
    assert not DEBT.search(message.subject + message.text + (message.html or ""))


@pytest.mark.parametrize(
    "which", [one for one in RESIDENTS if one[0] == "first_contact_set"], ids="-".join
)
def test_a_first_message_tells_no_more_than_who_and_how_to_call_back(which: Which) -> None:
    message = written(which)
    assert not VISIT_OR_COURT.search(message.subject + message.text)
    for known in ("Voorbeeldstad", "Anna de Vries", "088 123 45 67"):
        assert known in message.text


@pytest.mark.parametrize("which", SMS, ids="-".join)
def test_an_sms_begins_with_its_sender_and_takes_two_segments_at_most(which: Which) -> None:
    for facts in variants(which[1], which[0], which[3])[:2]:
        text = texts().write(*which, facts).text
        assert text.startswith(f"Gemeente {facts['municipality']}: ")
        assert text.endswith(f" {facts['link']}")
        assert sms.segments(text) <= 2
        assert sms.BASIC.issuperset(text)


def test_names_with_other_letters_keep_an_sms_in_its_alphabet() -> None:
    which: Which = ("visit_set", Audience.RESIDENT, Channel.SMS, "nl")
    text = written(
        which, municipality="Súdwest-Fryslân", worker="Daniëlle Łukasz\u2013Çelik\u2019s"
    ).text
    assert text.startswith("Gemeente Sudwest-Fryslan: Danielle Lukasz-Çelik's komt")
    assert sms.segments(text) == 2
    in_arabic = written(which, worker="فاطمة").text
    assert "فاطمة" in in_arabic
    assert sms.segments(in_arabic) > 2


def test_letters_close_with_who_writes() -> None:
    for which in all_of(Audience.RESIDENT, Channel.LETTER, Channel.MAIL):
        assert written(which).text.endswith("\n\nAnna de Vries\nGemeente Voorbeeldstad")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),  # of the extension: two places each
        ("€" * 80 + "a", 2),
        ("a" * 152 + "€" + "a" * 151, 2),  # an escape is not cut from its letter …
        ("a" * 152 + "€" + "a" * 152, 3),  # … so the first segment has a place left over
        ("ë" * 70, 1),  # beyond the alphabet
        ("ë" * 71, 2),
        ("ë" * 134, 2),
        ("ë" * 135, 3),
        ("😀" * 35, 1),  # two units each
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # a pair is not cut either: 33 fit in 67 units
    ],
)
def test_segments_are_counted_as_telephones_get_them(text: str, count: int) -> None:
    assert sms.segments(text) == count


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Ik kom om 10.30 uur. Bel 088 123 45 67!", [5, 2]),
        ("Kies:\n- bel mij\n- een andere tijd", [1, 2, 3]),
        ("Gemeente Stad: dag. https://v.example/a.b", [2, 1, 1]),
        ("... - …", []),
    ],
)
def test_sentences_and_words_are_counted_as_they_are_read(text: str, counts: list[int]) -> None:
    assert [len(words_of(one)) for one in sentences_of(text)] == counts

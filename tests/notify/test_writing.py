"""Every message can be written, holds what it should, and takes facts for text."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from services.notify.__main__ import app
from services.notify.writing.facts import (
    FACTS,
    KINDS,
    Audience,
    Channel,
    samples,
    templates_of,
)
from services.notify.writing.texts import Unwritable
from services.notify.writing.words import date_in, day_in, hour_in, when_in
from tests.notify.writings import Which, all_of, texts, written

WORKERS = [*all_of(Audience.WORKER)]
RESIDENTS = [*all_of(Audience.RESIDENT)]
HEARING: Which = ("hearing_set", Audience.WORKER, Channel.MAIL, "nl")
VISIT: Which = ("visit_set", Audience.WORKER, Channel.MAIL, "nl")
HOSTILE = '<script>alert(1)</script>{{ 7 * 7 }}{% raw %}"\r\nBcc: x@y.example https://evil.example/'


class Paragraphs(HTMLParser):
    """The words of a page, its tags, and where its links go."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"


def flat(text: str) -> str:
    return " ".join(text.replace("\n- ", "\n").split())


@pytest.mark.parametrize("which", [*WORKERS, *RESIDENTS], ids="-".join)
def test_every_message_can_be_written(which: Which) -> None:
    message = written(which)
    channel = which[2]
    assert bool(message.subject) is (channel is not Channel.SMS)
    assert (message.html is not None) is (channel is Channel.MAIL)
    assert re.fullmatch("[0-9a-f]{12}", message.version)
    assert str(FACTS["link"].sample) in message.text
    for text in (message.subject, message.text):
        assert not re.search(r"[{}]|[ ,.]\.|  | ,|\n\n\n", text)


@pytest.mark.parametrize(
    "which", [one for one in RESIDENTS if one[2] is Channel.MAIL], ids="-".join
)
def test_the_html_says_what_the_text_says(which: Which) -> None:
    message = written(which)
    assert message.html is not None
    page = Paragraphs(message.html)
    title, heading = message.subject, message.subject
    assert flat(page.words) == flat(f"{title} {heading} {message.text}")
    assert page.links == [FACTS["link"].sample]
    assert f'<html lang="{which[3]}">' in message.html
    assert not {"img", "script", "link", "style", "table"} & set(page.tags)


@pytest.mark.parametrize("which", [*WORKERS, *RESIDENTS], ids="-".join)
def test_hostile_facts_stay_text(which: Which) -> None:
    template, audience, _, language = which
    own = samples(audience, template, language)
    hostile = {name: HOSTILE for name, value in own.items() if value and name != "link"}
    message = texts().write(*which, {**own, **hostile})
    assert "{{ 7 * 7 }}{% raw %}" in message.text
    assert "\nBcc" not in message.text + message.subject
    assert not {"\r", "\n"} & set(message.subject)
    if message.html is not None:
        page = Paragraphs(message.html)
        assert "script" not in page.tags
        assert page.links == [own["link"]]


def test_an_address_that_is_none_does_not_become_a_link() -> None:
    html = written(HEARING, link="javascript:alert(1)").html
    assert html is not None
    assert not Paragraphs(html).links


def test_a_fact_that_is_missing_or_of_another_type_is_named_without_its_value() -> None:
    template, audience, _, language = HEARING
    facts = {**samples(audience, template, language), "is_unconfirmed": "geheim"}
    del facts["court"]
    with pytest.raises(Unwritable) as caught:
        texts().write(*HEARING, facts)
    assert str(caught.value) == (
        "nl/worker/hearing_set.txt:1: court is not given; is_unconfirmed is of another type"
    )


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.LETTER, Channel.MAIL])
def test_to_a_resident_nothing_half_goes_out(channel: Channel) -> None:
    which = ("visit_moved", Audience.RESIDENT, channel, "nl")
    with pytest.raises(Unwritable, match="empty: day"):
        written(which, day="")
    assert "van" not in written(("visit_cancelled", *which[1:]), day="").text.split("gaat")[0]


def test_a_worker_is_told_with_a_gap_rather_than_not() -> None:
    assert "aangezegd" in written(("eviction_set", *HEARING[1:]), bailiff="", when="").text


def test_a_language_that_is_not_there_becomes_dutch() -> None:
    which: Which = ("visit_set", Audience.RESIDENT, Channel.LETTER, "nl")
    facts = samples(Audience.RESIDENT, "visit_set", "nl")
    assert texts().language_for(Audience.RESIDENT, "so") == "nl"
    assert texts().language_for(Audience.RESIDENT, "en") == "en"
    assert texts().write(*which[:3], "so", facts) == texts().write(*which, facts)


def test_there_is_no_message_but_those_of_the_table() -> None:
    with pytest.raises(KeyError):
        texts().write("eviction_set", Audience.RESIDENT, Channel.SMS, "nl", {})
    with pytest.raises(KeyError):
        texts().write("visit_set", Audience.WORKER, Channel.SMS, "nl", {})


@pytest.mark.parametrize("template", templates_of(Audience.WORKER))
def test_what_could_not_be_checked_says_so_at_its_top(template: str) -> None:
    which: Which = (template, *HEARING[1:])
    assert written(which, is_unconfirmed=True).text.startswith("Let op: wij konden niet nakijken")
    assert "nakijken" not in written(which).text


def test_a_visit_says_who_goes_along_what_was_agreed_and_that_it_is_soon() -> None:
    text = written(VISIT, is_second=True, restrictions="bezoek met twee", is_short_notice=True).text
    assert "U gaat als tweede persoon mee op huisbezoek" in text
    assert "Contactafspraken: bezoek met twee." in text
    assert "Let op: dit is al snel." in text
    text = written(VISIT, restrictions="").text
    assert not re.search("tweede|Contactafspraken|Let op", text)


def test_restrictions_can_be_told_and_lifted() -> None:
    which: Which = ("restriction_set", *HEARING[1:])
    assert (
        "Vanaf nu geldt voor dit huishouden: niet bellen."
        in written(which, restrictions="niet bellen").text
    )
    lifted = written(which, restrictions="")
    assert "geen contactafspraken meer" in lifted.text
    assert "geen contactafspraken meer" in lifted.subject


def test_residents_read_no_reference_and_workers_no_resident() -> None:
    for kind in KINDS[Audience.RESIDENT].values():
        assert not kind.facts & {"reference", "name", "reason", "track", "bailiff", "outcome"}
    for kind in KINDS[Audience.WORKER].values():
        assert not kind.facts & {"resident", "address", "phone", "amount", "surname"}


def lines(*templates: str, **changes: str | bool) -> list[tuple[str, dict[str, object]]]:
    return [(one, {**samples(Audience.WORKER, one, "nl"), **changes}) for one in templates]


def test_a_bundle_is_grouped_by_kind_the_most_pressing_first() -> None:
    given = [
        *lines("assignment_set", reference="Z-1", link="https://v.example/1"),
        *lines("eviction_set", reference="Z-2", link="https://v.example/11"),
        *lines("assignment_set", reference="Z-3", link="https://v.example/3"),
    ]
    message = texts().write_bundle(given, "nl", {"name": "Anna"})
    assert message.subject == "3 berichten over uw zaken"
    places = [
        message.text.index(one) for one in ("Ontruimingen", "Z-2", "Nieuwe zaken", "Z-1", "Z-3")
    ]
    assert places == sorted(places)
    assert message.text.count("Nieuwe zaken") == 1
    assert message.html is not None
    page = Paragraphs(message.html)
    assert page.links == [f"https://v.example/{one}" for one in ("11", "1", "3")]
    assert page.tags.count("h2") == 2
    assert flat(page.words) == flat(f"{message.subject} {message.subject} {message.text}")


def test_a_bundle_marks_what_could_not_be_checked_and_only_that() -> None:
    given = [*lines("track_set", is_unconfirmed=True), *lines("summons_set")]
    text = texts().write_bundle(given, "nl", {"name": "Anna"}).text
    assert text.startswith("Let op: wij konden niet van alles nakijken")
    (marked,) = [line for line in text.splitlines() if "niet nagekeken" in line]
    assert "aanpak" in marked
    text = texts().write_bundle(lines("track_set", "summons_set"), "nl", {"name": "Anna"}).text
    assert "Let op" not in text


def test_a_bundle_of_one_is_an_ordinary_mail() -> None:
    given = lines("track_set")
    facts = {"name": "Anna"}
    alone = texts().write_bundle(given, "nl", facts)
    assert alone == texts().write("track_set", *HEARING[1:], {**given[0][1]})


def test_a_bundle_of_every_kind_can_be_written() -> None:
    message = texts().write_bundle(lines(*templates_of(Audience.WORKER)), "nl", {"name": "Anna"})
    assert message.text.count("\n- Zaak ") == len(templates_of(Audience.WORKER))


def test_days_and_hours_are_written_as_each_language_does_on_the_amsterdam_clock() -> None:
    summer = datetime(2026, 4, 2, 8, 30, tzinfo=UTC)
    assert when_in("nl", summer) == "donderdag 2 april 2026 om 10.30 uur"
    assert when_in("en", summer) == "Thursday 2 April 2026 at 10.30"
    assert when_in("so", summer) == when_in("nl", summer)
    late = datetime(2026, 12, 31, 23, 5, tzinfo=UTC)
    assert when_in("nl", late) == "vrijdag 1 januari 2027 om 00.05 uur"
    assert day_in("nl", date(2026, 4, 2)) == FACTS["day"].sample
    assert date_in("en", date(2026, 4, 2)) == "Thursday 2 April 2026"
    assert hour_in("nl", summer) == FACTS["hour"].sample


def test_preview_shows_a_message_and_lists_them_all() -> None:
    shown = CliRunner().invoke(
        app, ["preview", "visit_set", "--channel", "sms", "--language", "nl"]
    )
    assert shown.exit_code == 0
    assert "Gemeente Voorbeeldstad: Anna de Vries komt" in shown.stdout
    assert "2 segments" in shown.stdout
    listed = CliRunner().invoke(app, ["preview"])
    assert len(listed.stdout.splitlines()) == len(WORKERS) + len(RESIDENTS)
    unknown = CliRunner().invoke(app, ["preview", "visit_nope"])
    assert unknown.exit_code == 1
    assert "no such message" in unknown.stderr

"""The page where residents answer: for who has a link, telling nothing, open to no tries."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from deploy.local.driver import Clock
from services.notify import replies
from services.notify.reply_pages import FORM_BYTES_MAX, TRIES_PER_MINUTE
from services.notify.reply_texts import WORDS, language_of
from services.notify.writing.sentences import sentences_of, words_of
from shared.contracts.notify import Answer
from shared.web.limits import Tries, network_of
from tests.notify.answering import (
    CASE,
    NUMBER,
    VISIT_AT,
    Front,
    a_visit,
)
from tests.notify.test_writing_plainly import (
    DEBT,
    JARGON,
    RESIDENT_WORDS_MAX,
    VISIT_OR_COURT,
)

NOTHING = "AAAAAAAAAAAA"  # a token of the right form
HOSTILE = [
    NOTHING, "x", "A" * 5000, "a b", "%00", "%0d%0aSet-Cookie:x=1", "..%2f..%2fetc", "' or 1=1 --",
    "<script>alert(1)</script>", "%ff%fe", "é" * 12,
]  # fmt: skip
TEXTS = [
    (language, text)
    for language, words in WORDS.items()
    for value in vars(words).values()
    for text in (value.values() if isinstance(value, dict) else [value])
]


@pytest.mark.parametrize(("language", "text"), TEXTS)
def test_the_words_are_plain_and_say_nothing_of_why(language: str, text: str) -> None:
    assert not VISIT_OR_COURT.search(text)
    assert not DEBT.search(text)
    if language == "nl":
        assert not JARGON.search(text)
        assert all(len(words_of(one)) <= RESIDENT_WORDS_MAX for one in sentences_of(text))


def test_every_answer_has_its_words_in_every_language() -> None:
    for words in WORDS.values():
        assert list(words.buttons) == list(words.next) == list(Answer)


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", "nl"),
        ("en", "nl", "en"),
        ("fr", "en", "en"),
        ("", "en-US,en;q=0.9", "en"),
        ("", "nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        ("", "tr,en;q=0.5,nl;q=0.5", "nl"),
        ("", "pl", "nl"),
        ("", "en;q=0", "nl"),
        ("", "en;q=x, *;q=1, ;;;, " + "a" * 9999, "nl"),
        ("<script>", "\x00", "nl"),
    ],
)
def test_a_page_is_read_in_the_language_that_was_asked_for(
    asked: str, accepted: str, language: str
) -> None:
    assert language_of(asked, accepted) == language


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
    ],
)
def test_whose_address_it_is(address: str, network: str) -> None:
    assert network_of(address) == network


def test_tries_are_counted_of_each_network_and_forgotten_of_the_oldest() -> None:
    tries = Tries(per_minute=2, clients_max=2)
    assert [bool(tries.take("a", 0.0)) for _ in range(3)] == [False, False, True]
    assert tries.take("a", 0.0) == 30
    assert not tries.take("a", 30.0)
    tries.take("b", 30.0)
    tries.give_back("b")
    assert [bool(tries.take("b", 30.0)) for _ in range(3)] == [False, False, True]
    tries.give_back("nobody")
    tries.take("c", 30.0)
    assert not tries.take("a", 30.0), "two are remembered: a begins anew"


async def test_the_page_asks_in_two_languages_and_tells_nothing(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    dutch, english = await front.get(token), await front.get(token, lang="en")
    assert (dutch.status_code, english.status_code) == (200, 200)
    assert '<html lang="nl">' in dutch.text
    assert "Gemeente Voorbeeldstad" in dutch.text
    assert "Dit ben ik niet" in dutch.text
    assert '<html lang="en">' in english.text
    assert "This is not me" in english.text
    for page in (dutch.text, english.text):
        assert {one.value for one in Answer} == set(
            re.findall(r'name="answer" value="(\w+)"', page)
        )
        for mark in ("Voorbeeld<", "9901", "Z-0000", "Anna", "10-03", str(CASE), token, NUMBER):
            assert mark not in page
    async with front.client(**{"accept-language": "de-DE, en-GB;q=0.8, nl;q=0.3"}) as web:
        assert "This is not me" in (await web.get(f"/r/{token}")).text


async def test_the_page_needs_nothing_of_anybody_else_and_is_nowhere_kept(front: Front) -> None:
    await front.tell(*a_visit())
    for page in (await front.get(await front.link()), await front.get(NOTHING)):
        links = re.findall(r'(?:src|href|action|content)="([^"]*)"', page.text)
        assert links
        for one in links:
            assert not re.match(r"[a-z]+:|//", one.replace("data:,", "")), one
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "script-src" not in page.headers["content-security-policy"]
        assert "set-cookie" not in page.headers
    async with front.client() as web:
        assert (await web.get("/static/voordeur.css")).status_code == 200


async def test_who_only_looks_answers_nothing(front: Front) -> None:
    """Programs that look at mail follow every link in it."""
    await front.tell(*a_visit())
    token = await front.link()
    before = await front.pool.fetch("select id, state from alert order by id")
    async with front.client() as web:
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            await web.request(method, f"/r/{token}", params={"answer": "no_messages"})
    assert not await front.kept()
    assert not await front.said()
    assert await front.pool.fetch("select id, state from alert order by id") == before


@pytest.mark.parametrize("token", HOSTILE)
async def test_what_opens_nothing_is_told_the_same_whatever_it_is(front: Front, token: str) -> None:
    plain = await front.get(NOTHING)
    assert plain.status_code == 404
    assert "Deze link werkt niet meer" in plain.text
    assert "088 123 45 67" in plain.text, "whom to call: there is one municipality"
    async with front.client() as web:
        for answer in (
            await web.get(f"/r/{token}"),
            await web.post(f"/r/{token}", data={"answer": "no_messages"}),
        ):
            is_another_path = answer.headers["content-type"] == "application/problem+json"
            assert is_another_path or (answer.status_code, answer.text) == (404, plain.text)
            assert answer.status_code == 404
            assert "set-cookie" not in answer.headers
    assert not await front.kept()


async def test_a_link_works_thirty_days_after_its_message_is_of_use(
    front: Front, stepped_clock: Clock
) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    stepped_clock.move(VISIT_AT + timedelta(days=30))
    assert (await front.get(token)).status_code == 200
    stepped_clock.move(VISIT_AT + timedelta(days=30, seconds=1))
    gone = await front.post(token, "call_me")
    assert (gone.status_code, gone.text) == (404, (await front.get(NOTHING)).text)
    assert not await front.kept()


async def test_links_cannot_be_tried(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    async with front.client() as web:
        for _ in range(TRIES_PER_MINUTE + 5):
            assert (await web.get(f"/r/{token}")).status_code == 200, "who has a link tries none"
        tried = [(await web.get(f"/r/{NOTHING}")).status_code for _ in range(TRIES_PER_MINUTE)]
        assert set(tried) == {404}
        full = await web.get(f"/r/{NOTHING}")
        assert full.status_code == 429
        assert 0 < int(full.headers["retry-after"]) <= 60
        assert "minuut" in full.text
        assert (await web.get(f"/r/{token}")).text == full.text, "nor does it say which one works"
    async with front.client("198.51.100.9") as other:
        assert (await other.get(f"/r/{token}")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"answer=", b"answer=everything", b"answer=call_me" + b"&x=" + b"y" * FORM_BYTES_MAX,
     b"\xff\xfe", b"&".join([b"a=1"] * 99), b'{"answer": "call_me"}'],
)  # fmt: skip
async def test_a_form_without_an_answer_asks_again(front: Front, body: bytes) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    async with front.client() as web:
        page = await web.post(f"/r/{token}", content=body)
    assert page.status_code == 400
    assert "Kies een van deze antwoorden" in page.text
    assert not await front.kept()


async def test_while_the_database_is_away_the_page_says_so(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(replies, "find_link", away)
    page = await front.post(NOTHING, "call_me")
    assert page.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "Probeer het over een minuut nog eens" in page.text

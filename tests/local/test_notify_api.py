"""The stand-in for NotifyNL's API: shapes, key, errors, limits, and how it misbehaves."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.notify_requests import EMAIL_TEMPLATE, LETTER_TEMPLATE, SMS_TEMPLATE
from tests.local.conftest import Gateway
from tests.local.notifying import (
    ADDRESS,
    AT_ONCE,
    KEY,
    accepted,
    kept,
    letter,
    look_up,
    post,
    signed,
    sms,
    token,
    with_reference,
)


def fault(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, error and message of an answer that has one error."""
    body = answer.json()
    assert body["status_code"] == answer.status_code
    [error] = body["errors"]
    return answer.status_code, error["error"], error["message"]


def reference() -> str:
    return f"alert-{uuid4()}"


async def test_an_sms_is_taken_and_answered_in_the_shape_of_the_real_one(gateway: Gateway) -> None:
    label = reference()
    answer = await accepted(gateway, "sms", sms(reference=label))
    base = f"http://127.0.0.1:{gateway.http_port}"
    assert answer == {
        "id": answer["id"],
        "reference": label,
        "content": {"body": "Bel ons: 14 012", "from_number": "Gemeente"},
        "uri": f"{base}/v2/notifications/{answer['id']}",
        "template": {
            "id": SMS_TEMPLATE,
            "version": 1,
            "uri": f"{base}/services/{KEY.service_id}/templates/{SMS_TEMPLATE}",
        },
        "scheduled_for": None,
    }
    found = await gateway.api.get(f"/v2/notifications/{answer['id']}", headers=signed())
    assert found.json()["phone_number"] == "06 12345678"
    assert found.json()["body"] == "Bel ons: 14 012"
    assert found.json()["type"] == "sms"
    [one] = await with_reference(gateway, label)
    assert (one["to"], one["sender"], one["segments"]) == ("06 12345678", "Gemeente", 1)


async def test_a_letter_has_subject_lines_and_words_of_its_own_for_statuses(
    gateway: Gateway,
) -> None:
    await gateway.behave(**AT_ONCE)
    answer = await accepted(gateway, "letter", letter())
    assert answer["content"] == {"body": "Wij komen langs.", "subject": "Uw huur"}
    found = (await gateway.api.get(f"/v2/notifications/{answer['id']}", headers=signed())).json()
    assert found["line_1"] == "Bewoner"
    assert found["line_3"] == "1234 ab Voorbeeldstad"
    assert (found["line_4"], found["postcode"], found["email_address"]) == (None, None, None)
    assert (found["status"], found["subject"]) == ("received", "Uw huur")
    assert (await kept(gateway, answer["id"]))["to"].splitlines() == [
        "Bewoner",
        "Kerkstraat 1",
        "1234 AB  VOORBEELDSTAD",
    ]


async def test_an_email_has_a_sender(gateway: Gateway) -> None:
    words = {"onderwerp": "Bezoek", "Bericht": "Tot dan"}
    body = {"email_address": "a@b.example", "template_id": EMAIL_TEMPLATE, "personalisation": words}
    content = (await accepted(gateway, "email", body))["content"]
    assert (content["subject"], content["body"]) == ("Bezoek", "Tot dan")
    assert content["from_email"]


async def test_a_reference_is_a_label_and_no_key(gateway: Gateway) -> None:
    label = reference()
    first, second = [await accepted(gateway, "sms", sms(reference=label)) for _ in range(2)]
    assert first["id"] != second["id"]
    found = (await look_up(gateway, reference=label)).json()["notifications"]
    assert [one["id"] for one in found] == [second["id"], first["id"]], "newest first"


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "Unauthorized: authentication token must be provided"),
        ({"Authorization": "Basic x"}, 401, "Unauthorized: authentication bearer scheme must be"),
        ({"Authorization": "Bearer x"}, 403, "Invalid token: make sure your API token matches"),
        ({"iss": None}, 403, "Invalid token: iss field not provided"),
        ({"iss": "x"}, 403, "Invalid token: service id is not the right data type"),
        ({"iss": str(uuid4())}, 403, "Invalid token: service not found"),
        ({"alg": "HS512"}, 403, "Invalid token: algorithm used is not HS256"),
        ({"secret": str(uuid4())}, 403, "Invalid token: API key not found"),
        ({"iat": None}, 403, "Invalid token: API key not found"),
        ({"iat": int(time.time()) - 600}, 403, "Error: Your system clock must be accurate to"),
        ({"iat": int(time.time()) + 600}, 403, "Error: Your system clock must be accurate to"),
    ],
)
async def test_who_has_no_token_of_now_is_told_what_is_wrong_with_it(
    gateway: Gateway, headers: dict[str, Any], status: int, message: str
) -> None:
    if headers and "Authorization" not in headers:
        headers = {"Authorization": f"Bearer {token(**headers)}"}
    for answer in (
        await gateway.api.post("/v2/notifications/sms", json=sms(), headers=headers),
        await gateway.api.get(f"/v2/notifications/{uuid4()}", headers=headers),
    ):
        assert fault(answer)[:2] == (status, "AuthError")
        assert fault(answer)[2].startswith(message)


@pytest.mark.parametrize(
    ("kind", "body", "error", "message"),
    [
        ("sms", {}, "ValidationError", "phone_number is a required property"),
        ("sms", sms(phone_number="0612"), "ValidationError", "phone_number Not enough digits"),
        ("sms", sms(phone_number="06x"), "ValidationError",
         "phone_number Must not contain letters or symbols"),
        ("sms", sms(phone_number="010 1234567"), "InvalidPhoneError", "Not a dutch mobile number"),
        ("sms", sms(phone_number=6), "ValidationError", "phone_number 6 is not of type string"),
        ("sms", sms(template_id="x"), "ValidationError", "template_id is not a valid UUID"),
        ("sms", sms(template_id=str(uuid4())), "BadRequestError", "Template not found"),
        ("sms", sms(template_id=LETTER_TEMPLATE), "BadRequestError",
         "letter template is not suitable for sms notification"),
        ("sms", sms(personalisation={}), "BadRequestError", "Missing personalisation: bericht"),
        ("sms", sms(personalisation=[]), "ValidationError",
         "personalisation [] is not of type object"),
        ("sms", sms(" "), "BadRequestError", "Your message is empty."),
        ("sms", sms("x" * 919), "BadRequestError", "Your message is too long. Text messages cannot"
         " be longer than 918 characters. Your message is 919 characters long."),
        ("sms", sms(to="x"), "ValidationError",
         "Additional properties are not allowed (to was unexpected)"),
        ("sms", sms(sms_sender_id=LETTER_TEMPLATE), "BadRequestError",
         f"sms_sender_id {LETTER_TEMPLATE} does not exist in database for service id "
         f"{KEY.service_id}"),
        ("letter", letter(address_line_2=""), "ValidationError",
         "Address must be at least 3 lines"),
        ("letter", letter(address_line_3="1234 AB"), "ValidationError",
         "cant detect a dutch city, city name must be in the same line as postcode"),
        ("email", {"email_address": "x", "template_id": EMAIL_TEMPLATE}, "ValidationError",
         "email_address Not a valid email address"),
    ],
)  # fmt: skip
async def test_what_cannot_be_sent_is_refused_with_the_words_of_the_real_one(
    gateway: Gateway, kind: str, body: dict[str, Any], error: str, message: str
) -> None:
    before = (await gateway.api.get("/ready")).json()["notifications"]
    answer = await post(gateway, kind, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0] == {"error": error, "message": message}
    assert (await gateway.api.get("/ready")).json()["notifications"] == before


async def test_what_is_no_json_is_refused(gateway: Gateway) -> None:
    url = "/v2/notifications/sms"
    answer = await gateway.api.post(url, content=b"{", headers=signed())
    assert fault(answer) == (400, "BadRequestError", "Invalid JSON supplied in POST data")


async def test_every_fault_is_told_at_once(gateway: Gateway) -> None:
    answer = await post(gateway, "letter", {"personalisation": ADDRESS, "template_id": 5, "x": 1})
    assert [one["message"] for one in answer.json()["errors"]] == [
        "template_id is not a valid UUID",
        "Additional properties are not allowed (x was unexpected)",
    ]


async def test_too_many_requests_a_minute_or_a_day_are_refused(gateway: Gateway) -> None:
    await gateway.behave(api_rate_per_minute=1)
    answers = [await post(gateway, "sms", sms()) for _ in range(2)]
    message = "Exceeded rate limit for key type LIVE of 1 requests per 60 seconds"
    assert fault(answers[1]) == (429, "RateLimitError", message)
    await gateway.behave(api_daily_limit=0)
    message = "Exceeded send limits (sms: 0) for today"
    assert fault(await post(gateway, "sms", sms())) == (429, "TooManyRequestsError", message)


async def test_look_ups_go_by_status_kind_and_page_and_know_what_is_not_there(
    gateway: Gateway,
) -> None:
    label = reference()
    await gateway.behave(**AT_ONCE, outcomes=[{"pattern": "*0000", "status": "permanent-failure"}])
    good = (await accepted(gateway, "sms", sms(reference=label)))["id"]
    bad = (await accepted(gateway, "sms", sms(reference=label, phone_number="0612340000")))["id"]
    posted = (await accepted(gateway, "letter", {**letter(), "reference": label}))["id"]

    async def found(**parameters: object) -> list[str]:
        answer = await look_up(gateway, reference=label, **parameters)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["notifications"]]

    assert await found() == [posted, bad, good]
    assert await found(status="failed") == [bad]
    assert await found(status=["delivered", "permanent-failure"], template_type="sms") == [
        bad,
        good,
    ]
    assert await found(status="received") == [posted, good]
    assert await found(older_than=bad) == [good]
    links = (await look_up(gateway, reference=label)).json()["links"]
    rest = await gateway.api.get(links["next"], headers=signed())
    assert rest.json()["notifications"] == []
    assert set(rest.json()["links"]) == {"current"}
    unknown = await gateway.api.get(f"/v2/notifications/{uuid4()}", headers=signed())
    assert fault(unknown) == (404, "NoResultFound", "No result found")
    wrong = await gateway.api.get("/v2/notifications/x", headers=signed())
    assert fault(wrong) == (400, "ValidationError", "notification_id is not a valid UUID")
    wrong = await look_up(gateway, status="gone", older_than="x", page=2)
    assert len(wrong.json()["errors"]) == 3


async def test_a_notification_goes_through_its_statuses_in_time(gateway: Gateway) -> None:
    await gateway.behave(sending_seconds=0.3, completed_seconds=0.6)
    answer = await accepted(gateway, "sms", sms())
    seen = []
    while not seen or seen[-1][0] != "delivered":
        url = f"/v2/notifications/{answer['id']}"
        one = (await gateway.api.get(url, headers=signed())).json()
        state = (one["status"], bool(one["sent_at"]), bool(one["completed_at"]))
        if not seen or seen[-1] != state:
            seen.append(state)
    assert seen == [("created", False, False), ("sending", True, False), ("delivered", True, True)]
    history = (await kept(gateway, answer["id"]))["history"]
    assert [one["status"] for one in history] == ["created", "sending", "delivered"]


async def test_what_is_said_yes_to_may_never_be_sent_or_never_end(gateway: Gateway) -> None:
    outcomes = [{"pattern": "*5678", "status": None}]
    await gateway.behave(**AT_ONCE, vanish_next=1, outcomes=outcomes)
    vanished = await accepted(gateway, "sms", sms())
    endless = await accepted(gateway, "sms", sms())
    assert (await kept(gateway, vanished["id"]))["status"] == "created"
    assert (await kept(gateway, endless["id"]))["status"] == "sending"


async def test_an_error_is_counted_and_keeps_nothing(gateway: Gateway) -> None:
    label = reference()
    await gateway.behave(api_error_status=500, api_error_next=1)
    answer = await post(gateway, "sms", sms(reference=label))
    assert fault(answer) == (500, "Exception", "Internal server error")
    assert await with_reference(gateway, label) == []
    await accepted(gateway, "sms", sms(reference=label))
    await gateway.behave(api_lookup_error_status=503, api_lookup_error_next=1)
    assert (await look_up(gateway)).status_code == 503
    assert (await look_up(gateway, reference=label)).status_code == 200


async def test_a_client_may_wait_for_ever_or_get_a_web_page_and_nothing_is_kept(
    gateway: Gateway,
) -> None:
    label = reference()
    await gateway.behave(api_hang_next=1, api_html_next=1)
    with pytest.raises(httpx.ReadTimeout):
        await post(gateway, "sms", sms(reference=label), timeout=0.3)
    answer = await post(gateway, "sms", sms(reference=label))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert await with_reference(gateway, label) == []


async def test_an_answer_may_be_lost_or_broken_though_the_sms_is_kept(gateway: Gateway) -> None:
    label = reference()
    await gateway.behave(api_drop_next=1)
    with pytest.raises(httpx.TransportError):
        await post(gateway, "sms", sms(reference=label))
    assert len(await with_reference(gateway, label)) == 1
    await gateway.behave(api_broken_json_next=1)
    answer = await post(gateway, "sms", sms(reference=label))
    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    assert len(await with_reference(gateway, label)) == 2
    await accepted(gateway, "sms", sms(reference=label))


async def test_a_delay_lasts_as_long_as_it_is_on(gateway: Gateway) -> None:
    await gateway.behave(api_delay_seconds=0.3)
    began = time.monotonic()
    await accepted(gateway, "sms", sms())
    assert time.monotonic() - began >= 0.3


async def test_the_pages_show_what_came_and_what_became_of_it(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE)
    label = reference()
    text = "Bel <b>ons</b> €"
    answer = await accepted(gateway, "sms", sms(text, reference=label))
    page = (await gateway.api.get("/notifications", params={"search": label})).text
    assert f"/notifications/{answer['id']}" in page
    assert "Bel &lt;b&gt;ons" in page
    none = (await gateway.api.get("/notifications", params={"search": f"{label}%"})).text
    assert "None with" in none
    page = (await gateway.api.get(f"/notifications/{answer['id']}")).text
    for shown in ("Gemeente", "06 12345678", label, "1 message of GSM-7", "sending", "delivered"):
        assert shown in page
    switches = await gateway.api.get("/switches")
    assert SMS_TEMPLATE in switches.text
    assert KEY.service_id in switches.text
    assert KEY.secret not in switches.text
    assert switches.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_cursor_goes_through_all_notifications_oldest_first(gateway: Gateway) -> None:
    start = (await gateway.api.get("/ready")).json()["notifications"]
    for number in range(3):
        await accepted(gateway, "sms", sms(f"{number}"))
    asked = {"after": start, "limit": 2}
    first = (await gateway.api.get("/v1/notifications", params=asked)).json()
    rest = await gateway.api.get("/v1/notifications", params={"after": first["next_after"]})
    texts = [one["text"] for one in first["notifications"] + rest.json()["notifications"]]
    assert texts == ["0", "1", "2"]

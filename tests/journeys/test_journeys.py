"""From a missed rent to a visit, and from a hearing that moved to a corrected alert."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from deploy.local.generalist import window
from deploy.local.legal_paths import LegalPaths
from deploy.local.month import Month, Outgoing
from tests.town import MONDAY, Town

DIGEST = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)  # 8:00 in Amsterdam
VISIT_AT = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
HEARING_AT = datetime(2026, 3, 24, 9, 0, tzinfo=UTC)
MOVED_TO = HEARING_AT + timedelta(days=7)


class Desk:
    """A worker's desk: the one case on the list, and commands on it."""

    def __init__(self, town: Town, worker_id: str) -> None:
        self.client = httpx.AsyncClient(
            base_url=town.urls["triage"],
            headers={"Authorization": f"Bearer {town.tokens[worker_id]}"},
            timeout=20,
        )

    async def case(self) -> dict[str, Any]:
        """The case as the list shows it now."""
        answer = await self.client.get("/v1/cases")
        (case,) = answer.raise_for_status().json()["cases"]
        return dict(case)

    async def order(self, method: str, path: str, body: Any = None) -> None:
        """Carry out a command on the case as it is now."""
        case = await self.case()
        headers = {
            "If-Match": f'"{case["revision"]}"',
            "Idempotency-Key": f"{path} {case['revision']}"[-60:],
        }
        path = path.replace("CASE", case["id"])
        answer = await self.client.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text


async def assignee_of_the_case(town: Town) -> str:
    (row,) = await town.fetch("triage", "select assignee_id from household_case")
    return str(row["assignee_id"])


async def pass_time(town: Town, until: datetime) -> None:
    """Stop at every instant at which an alert is due, up to and including `until`."""
    while True:
        (row,) = await town.fetch(
            "notify", "select min(due_at) as due_at from alert where state = 'scheduled'"
        )
        if row["due_at"] is None or row["due_at"] > until:
            break
        town.clock.move(row["due_at"])
        await town.quiet()
    town.clock.move(until)
    await town.quiet()


async def mails_about_the_hearing(town: Town) -> list[dict[str, Any]]:
    return [mail for mail in await town.mails() if "zitting" in mail["subject"].lower()]


def calendars(mail: dict[str, Any]) -> tuple[Any, ...]:
    (one,) = mail["calendars"]
    return one["method"], one["uid"], one["sequence"], one["dtstart"]


async def test_missed_rent_to_visit(town: Town) -> None:
    await town.start()
    month = Month(seed=1, signals=1)
    signal = month.signal(month.new_household(), "woonstad", MONDAY)
    month.send("woonstad", "achterstand-gemeld", MONDAY, signal | {"bedrag": "1800.00"})
    await town.send(month.out)
    await town.quiet()
    assignee = await assignee_of_the_case(town)
    desk = Desk(town, assignee)
    case = await desk.case()
    assert (case["answer"], case["track"], case["assignee_id"]) == ("awaited", "visit", assignee)
    assert case["reason"]
    assert not await town.mails(), "an ordinary assignment waits for the next digest"

    await pass_time(town, DIGEST)
    (mail,) = await town.mails()
    assert mail["subject"] == f"Nieuwe zaak {case['reference']}"
    assert mail["recipients"] == [f"{assignee.replace('-', '.')}@voorbeeldstad.example"]
    await _plan_and_visit(town, desk)
    await _nothing_is_wrong(town, mails=4)
    await desk.client.aclose()


async def _plan_and_visit(town: Town, desk: Desk) -> None:
    """The assignee accepts, plans, is reminded, goes by and writes down that somebody was in."""
    await desk.order("POST", "/v1/cases/CASE/assignment-answers", {"answer": "accepted"})
    await desk.order("POST", "/v1/cases/CASE/visits", window(VISIT_AT))
    await town.quiet()
    _, confirmation = await town.mails()
    assert "5 maart 2026 om 13.30 uur" in confirmation["subject"]
    method, _, _, starts = calendars(confirmation)
    assert (method, starts) == ("REQUEST", "20260305T133000")

    await pass_time(town, VISIT_AT + timedelta(hours=1))
    reminders = (await town.mails())[2:]
    assert [one["subject"].startswith("Herinnering huisbezoek") for one in reminders] == [True] * 2
    written = [datetime.fromisoformat(_written_at(one)) for one in reminders]
    assert written[0] < VISIT_AT - timedelta(hours=12), "the working day before"
    assert written[1] == VISIT_AT - timedelta(hours=1)

    (visit,) = (await desk.case())["visits"]
    reached = {"kind": "Huisbezoek", "result": "spoke", "visit_id": visit["id"]}
    await desk.order(
        "POST", "/v1/cases/CASE/contact-attempts",
        reached | {"attempted_at": VISIT_AT.isoformat()},
    )  # fmt: skip
    await town.quiet()
    case = await desk.case()
    assert (case["was_reached"], case["attempts"], case["is_open"]) == (True, 1, True)


async def test_hearing_moved_to_corrected_alert(town: Town) -> None:
    await town.start()
    month = Month(seed=1, signals=1)
    household, paths = month.new_household(), LegalPaths(month)
    signal = month.signal(household, "woonstad", MONDAY)
    month.send("woonstad", "achterstand-gemeld", MONDAY, signal | {"bedrag": "1800.00"})
    await town.send(month.out)
    await town.quiet()

    def told(at: datetime, sequence: str) -> list[Outgoing]:
        month.out.clear()
        paths.tell_hearing("woonstad", household, MONDAY, ("C/18/1 26-1", at, sequence))
        return list(month.out)

    await town.send(told(HEARING_AT, "1"))
    await town.quiet()
    (invitation,) = await mails_about_the_hearing(town)
    method, uid, first, starts = calendars(invitation)
    assert (method, starts) == ("REQUEST", "20260324T100000")
    assert "24 maart 2026 om 10.00 uur" in invitation["subject"]

    # Somebody takes the case on: else it goes to who comes next, who is told as if it were new.
    desk = Desk(town, await assignee_of_the_case(town))
    await desk.order("POST", "/v1/cases/CASE/assignment-answers", {"answer": "accepted"})
    await desk.client.aclose()

    # The first reminder goes out; then the hearing moves.
    await pass_time(town, HEARING_AT - timedelta(days=9))
    before = await mails_about_the_hearing(town)
    assert before[-1]["subject"].startswith("Herinnering zitting")
    await town.send(told(MOVED_TO, "2"))
    await town.quiet()
    corrected = (await mails_about_the_hearing(town))[len(before)]
    assert "verplaatst naar dinsdag 31 maart 2026 om 11.00 uur" in corrected["subject"]
    method, same_uid, second, starts = calendars(corrected)
    assert (method, same_uid, starts) == ("REQUEST", uid, "20260331T110000")
    assert second > first

    await _reminded_of_the_new_time(town, len(before) + 1)
    await _nothing_is_wrong(town, mails=len(await town.mails()))


async def _reminded_of_the_new_time(town: Town, seen: int) -> None:
    await pass_time(town, MOVED_TO)
    after = (await mails_about_the_hearing(town))[seen:]
    assert len(after) == 3, "10, 7 and 1 days before"
    assert all("31 maart 2026 om 11.00 uur" in one["subject"] for one in after)
    states = await town.fetch(
        "notify", "select state, count(*) as n from alert where kind = 'hearing' group by state"
    )
    # Superseded: the two reminders of the old time that were not sent yet.
    assert {row["state"]: row["n"] for row in states} == {"sent": 6, "superseded": 2}


def _written_at(mail: dict[str, Any]) -> str:
    return {name.lower(): value for name, value in mail["headers"].items()}["x-voordeur-written-at"]


async def _nothing_is_wrong(town: Town, *, mails: int) -> None:
    findings = await town.reconcile()
    assert findings.is_clean, findings.examples()
    assert findings.figures["mails_received"] == mails
    assert findings.figures["open_cases"] == 1

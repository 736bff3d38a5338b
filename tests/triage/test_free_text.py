"""What workers type stays with their team: it is in no event, and so in no mail and no feedback."""

import json
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from deploy.local.driver import Clock
from services.triage.timer import Calendar
from tests.builders import MUNICIPALITY, NOW, arrears_reported
from tests.paths import REPOSITORY
from tests.triage.counter import NOOR, SHELF, Api

TOLD: dict[str, Any] = json.loads((REPOSITORY / "docs/openapi/triage.json").read_text())
MARK = "zonnebloemveld"
OLD = {"arrears_since": date(2025, 12, 1)}
ANNA, BRAM, CHAIMA = "anna-jansen", "bram-yilmaz", "chaima-el-idrissi"
# What an alert of a hearing or an eviction is about, as partners report it too; ids of the roster.
LEAVES = {"court", "case_number", "place", "to", "second_worker_id"}
LEGAL = {"court": "Rechtbank Noord", "case_number": "26-77", "place": "Voorbeeldstad"}
HEARING = {**LEGAL, "step": "hearing", "hearing": "rolzitting", "source": MARK,
           "at": (NOW + timedelta(days=44)).isoformat()}  # fmt: skip


def free_texts() -> set[tuple[str, str]]:
    """Every field of the API in which somebody can type what they like: path and name."""
    schemas = TOLD["components"]["schemas"]
    found = set()
    for path, methods in TOLD["paths"].items():
        told = methods.get("post", {}).get("requestBody")
        if told is None:
            continue
        name = told["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for field, schema in schemas[name]["properties"].items():
            options = schema.get("anyOf", [schema])
            if any(
                one.get("type") == "string" and not one.keys() & {"enum", "const", "format"}
                for one in options
            ):
                found.add((path, field))
    return {(path, field) for path, field in found if field not in LEAVES}


class Typist:
    """Sends commands, and notes in which fields the mark was typed."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.typed: set[tuple[str, str]] = set()

    def _note(self, path: str, body: Any) -> None:
        (template,) = [
            one for one in TOLD["paths"]
            if "post" in TOLD["paths"][one] and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), path)
        ]  # fmt: skip
        self.typed |= {(template, name) for name, value in (body or {}).items() if value == MARK}

    async def send(self, who: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.api.send(who, path, body)
        assert answer.status_code == 200, (path, answer.text)
        self._note(path, body)
        told: dict[str, Any] = answer.json()
        return told

    async def order(self, case_id: UUID, what: str, body: Any = None) -> dict[str, Any]:
        told = await self.api.order(case_id, what, body)
        self._note(f"/cases/{case_id}/{what}", body)
        return told


async def work_a_case(typist: Typist, case_id: UUID) -> None:
    """All that can be typed of one case, from its first assignee to its end and on."""
    conflict = {"answer": "declined", "reason": MARK, "has_conflict": True}
    review = {"review_on": "2026-03-20", "reason": MARK}
    (signal,) = await typist.api.pool.fetch(
        "select signal.id from signal join household_case using (household_id)"
        " where household_case.id = $1",
        case_id,
    )
    decided = {"signal_ids": [str(signal["id"])], "reason": MARK}
    for what, body in (
        ("assignment-answers", conflict),
        ("hand-overs", {"to": CHAIMA, "reason": MARK}),
        ("track-decisions",
         {"decision": "overridden", "track": "visit", "priority": 8, "reason": MARK}),
        ("needs", {"kind": "language", "value": MARK}),
        ("needs", {"kind": "skill", "value": MARK}),
        ("hand-overs", {"reason": MARK}),
        ("consultations",
         {"kind": "colleague", "with_whom": MARK, "held_on": "2026-03-03", "outcome": MARK}),
        ("plan-items", {"layer": "own", "words": MARK, "written_by": "resident"}),
        ("restrictions", {"kind": "visit_with_two", **review}),
        ("pauses", review),
        ("residence-checks", {"result": "lives_here", "day": "2026-03-03", "source": MARK}),
        ("legal-facts", HEARING),
        ("moratoria", {"granted_on": "2026-03-01", "until": "2026-08-31", "source": MARK}),
        ("signal-decisions", {**decided, "status": "known_to_debt_help"}),
        ("signal-decisions", {**decided, "status": "taken_up"}),
        ("objections", {"received_on": "2026-03-03", "source": MARK}),
        ("closures", {"result": "Niet opgepakt: andere reden", "reason": MARK}),
        ("reopenings", {"reason": MARK}),
    ):  # fmt: skip
        await typist.order(case_id, what, body)


async def hand_over_list(typist: Typist, case_id: UUID) -> None:
    """A lead gives a case of a list to somebody."""
    revision = await typist.api.pool.fetchval(
        "select revision from household_case where id = $1", case_id
    )
    seen = {"case_id": str(case_id), "revision": revision}
    told = await typist.send(NOOR, "/hand-overs", {"cases": [seen], "to": CHAIMA, "reason": MARK})
    assert [one["status"] for one in told["results"]] == [200]


async def judge_households(typist: Typist, household_ids: list[str], signal_id: UUID) -> None:
    """All that a lead can type of households, tasks and decisions."""
    first, second = (f"/households/{one}" for one in household_ids)
    merged = await typist.send(
        NOOR, f"{first}/merges", {"household_id": household_ids[1], "reason": MARK}
    )
    await typist.send(NOOR, f"/verdicts/{merged['verdict_id']}/undoings", {"reason": MARK})
    await typist.send(NOOR, f"{second}/match-confirmations", {"reason": MARK})
    merged = await typist.send(
        NOOR, f"{first}/merges", {"household_id": household_ids[1], "reason": MARK}
    )
    split = {"signal_ids": [str(signal_id)], "reason": MARK}
    await typist.send(NOOR, f"{first}/splits", split)

    pool = typist.api.pool
    await pool.execute(
        "insert into task (id, kind, municipality, reason, made_at) values ($1, 'look_again', $2,"
        " 'Kijk opnieuw.', $3)", UUID(int=7), MUNICIPALITY, NOW,
    )  # fmt: skip
    await typist.send(NOOR, f"/tasks/{UUID(int=7)}/outcomes", {"outcome": MARK})
    await pool.execute(
        "insert into sample (municipality, week, signal_id, status, drawn_at)"
        " values ($1, '2026-03-02', $2, 'repeated', $3)", MUNICIPALITY, signal_id, NOW,
    )  # fmt: skip
    review = {"week": "2026-03-02", "signal_id": str(signal_id), "is_right": True, "remark": MARK}
    await typist.send(NOOR, "/sample-reviews", review)


async def test_what_workers_type_is_in_no_event(api: Api, stepped_clock: Clock) -> None:
    typist = Typist(api)
    later = {"reported_on": date(2026, 3, 4)}
    one, other = (
        arrears_reported(2, contract="C-1", house_addition="A", **OLD),
        arrears_reported(2, contract="C-2", house_addition="B", **later, **OLD),
    )
    worked = arrears_reported(1, **OLD)
    await api.say(worked, one, other)
    homes = {
        row["signal_id"]: row
        for row in await api.pool.fetch(
            "select signal.id as signal_id, household_id, household_case.id as case_id"
            " from signal join household_case using (household_id)"
        )
    }
    await api.pool.execute("update household_case set assignee_id = $1, lead_id = $2", ANNA, NOOR)
    await work_a_case(typist, homes[worked.fact_id]["case_id"])
    await typist.send(NOOR, f"/workers/{ANNA}/hand-overs", {"to": BRAM, "reason": MARK})
    await hand_over_list(typist, homes[one.fact_id]["case_id"])
    households = [str(homes[told.fact_id]["household_id"]) for told in (one, other)]
    await judge_households(typist, households, other.fact_id)
    stepped_clock.move(NOW + timedelta(days=40))  # what is typed is in no word about a term either
    assert await Calendar(api.door, SHELF).say_due()

    assert typist.typed == free_texts()
    rows = await api.pool.fetch(
        "select routing_key, convert_from(body, 'UTF8') as body from outbox order by id"
    )
    names = {row["routing_key"].split(".")[1] for row in rows}
    assert names >= {"generalist_reassigned", "track_overridden", "case_closed", "case_reopened",
                     "deadline_missed", "contact_restricted", "signal_not_taken_up"}  # fmt: skip
    assert not [row["routing_key"] for row in rows if MARK in row["body"]]
    kept = "select reason from assignment where position($1 in reason) > 0"
    assert await api.pool.fetch(kept, MARK), "their team reads it"

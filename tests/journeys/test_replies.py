"""A resident's answer goes from the link of a message to the mail of the assignee and the team."""

from uuid import UUID

import httpx

from shared.web.session import token_hash
from tests.builders import arrears_reported
from tests.town import MONDAY, Town
from tests.triage.staffed import Office

TOKEN = "Q1w2_E3r4-t5"
ALERT = UUID(int=0xA1)
LINK = """
    with told as (
      insert into alert (id, case_id, kind, key, subject_revision, template, recipient_id,
        recipient_role, channel, due_at, policy_sha256, state, scheduled_at, changed_at, free_at)
      select $1, case_id, 'first_contact', case_id, 1, 'first_contact_set', 'resident', 'resident',
        'sms', $3, '', 'sent', $3, $3, $3 from case_file
      returning id, case_id)
    insert into reply_link (token_hash, alert_id, case_id, contact, made_at)
    select $2, id, case_id, '+31612345678', $3 from told"""


async def test_an_answer_goes_from_the_link_to_the_assignee_and_the_team(town: Town) -> None:
    await town.start("triage", "notify")
    await Office(town).say(arrears_reported(1, recorded_at=MONDAY))
    await town.until("notify", "select count(*) from case_file", 1)
    await town.fetch("notify", LINK, ALERT, token_hash(TOKEN), MONDAY)
    async with httpx.AsyncClient(base_url=town.urls["notify"], timeout=20) as web:
        page = await web.get(f"/r/{TOKEN}")
        assert (page.status_code, "Bel mij" in page.text) == (200, True)
        for _ in range(2):
            thanks = await web.post(f"/r/{TOKEN}", data={"answer": "call_me"})
            assert (thanks.status_code, "Dank u wel" in thanks.text) == (200, True)
    await town.until("triage", "select count(*) from task where kind = 'resident_replied'", 1)
    await town.until(
        "notify", "select count(*) from alert where kind = 'reply' and state = 'sent'", 1
    )
    (case,) = await town.fetch("triage", "select reference from household_case")
    async with httpx.AsyncClient(base_url=town.urls["gateway"], timeout=20) as web:
        told = (await web.get("/v1/mails")).json()["mails"]
    subject = f"Zaak {case['reference']}: de bewoner heeft geantwoord"
    assert [one["subject"] for one in told].count(subject) == 1
    assert TOKEN not in "".join(path.read_text() for path in town.folder.glob("*.log"))

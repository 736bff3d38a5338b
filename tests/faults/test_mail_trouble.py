"""The mail server refuses, is slow or hangs up, or a mail cannot be written: the others go out."""

from tests.faults.workload import DIGEST, FIRST, workload
from tests.town import Town

ANSWERED = "select count(distinct message_id) from attempt where outcome = '{}'"
TEN_MINUTES_AGO = "now() - interval '10 minutes'"


async def digest_of_two(town: Town) -> None:
    """Signals for several generalists, up to the digest of the next morning."""
    town.clock.move(FIRST)
    await town.start()
    await town.send(workload(signals=20, hearings=0).first)
    await town.quiet()
    people = await town.fetch("notify", "select distinct assignee_id from case_file")
    assert len(people) > 1


async def test_a_mail_that_cannot_be_written_holds_up_no_other(town: Town) -> None:
    await digest_of_two(town)
    broken = "update case_file set assignee_email = E'nobody\\n@example' where assignee_id = $1"
    (row,) = await town.fetch("notify", "select min(assignee_id) as id from case_file")
    await town.fetch("notify", broken, row["id"])
    town.clock.move(DIGEST)
    # Of the assignments: what triage says of terms at that hour is for the next digest.
    query = (
        "select count(*) from alert where kind = 'assignment'"
        " and (state = 'sent') = (recipient_id = '{id}')"
    )
    await town.until("notify", query.format(id=row["id"]), wanted=0)
    waits = "select count(*) from alert where recipient_id = $1 and reason like 'temporary Value%'"
    assert (await town.fetch("notify", waits, row["id"]))[0]["count"] > 0


async def test_a_mail_server_that_hangs_up_gets_the_same_mail_again(town: Town) -> None:
    await digest_of_two(town)
    await town.gateway_behaves(drop_after_data=1)
    town.clock.move(DIGEST)
    await town.until("notify", ANSWERED.format("unknown"), wanted=1)
    await town.fetch("notify", f"update alert set free_at = {TEN_MINUTES_AGO}")
    await town.quiet()
    mails = [mail["message_id"] for mail in await town.mails()]
    assert len(mails) == len(set(mails)) + 1, "one came twice, with one Message-ID"
    findings = await town.reconcile()
    assert findings.is_clean, findings.examples()


async def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_told(town: Town) -> None:
    await digest_of_two(town)
    await town.gateway_behaves(refuse_code=451, refuse_next=1)
    town.clock.move(DIGEST)
    await town.until("notify", ANSWERED.format("temporary"), wanted=1)
    await town.gateway_behaves(refuse_code=550, refuse_next=1)
    await town.fetch("notify", f"update alert set free_at = {TEN_MINUTES_AGO}")
    await town.quiet()
    failed = await town.fetch("notify", "select id from alert where state = 'failed'")
    told = await town.fetch("triage", "select alert_id from alert_log where what = 'failed'")
    assert {row["alert_id"] for row in told} == {row["id"] for row in failed} != set()

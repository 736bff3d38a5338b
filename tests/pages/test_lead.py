"""A team lead sees who has how much and what waits, decides as a list, and gives cases away."""

import re
from datetime import UTC, date, datetime
from typing import Any

from shared.contracts import signals
from tests.builders import arrears_reported, fact
from tests.pages.site import Site, Visitor
from tests.triage.policy_office import changed
from tests.triage.staffed import Office

OLD = {"arrears_since": date(2025, 12, 1)}
TICKED = re.compile(r'name="case" value="([^"]+)"')


async def opened(site: Site) -> tuple[Office, Visitor]:
    """A town with triage, and its lead of the north signed in."""
    await site.start("triage")
    noor = site.visitor()
    await noor.sign_in("noor-de-wit", to="/lead")
    assert noor.page.status_code == 200, noor.page.text
    return Office(site.town), noor


def ticked(noor: Visitor) -> list[str]:
    """The cases that can be ticked on the page."""
    return TICKED.findall(noor.page.text)


async def test_a_lead_confirms_a_list_overrides_one_and_gives_cases_away(site: Site) -> None:
    office, noor = await opened(site)
    assert "Iedereen heeft geantwoord" in noor.page.text
    assert "Er is nu geen voorstel" in (await noor.open("/lead/proposals")).text
    await office.say(*(arrears_reported(number, **OLD) for number in range(1, 6)))
    cases = await office.cases()

    # What waits is counted, with where to do something about it.
    page = (await noor.open("/lead")).text
    assert "<strong>5</strong> voorstellen om te bevestigen" in page
    assert "9901 AB 1" in page
    assert "Anna Jansen" in page
    # A page that refreshes itself is one reading.
    reads = "select count(*) as n from read_log where purpose = 'terms and assignments'"
    before = (await site.town.fetch("triage", reads))[0]["n"]
    await noor.open("/lead", **{"X-Live": "1"})
    assert (await site.town.fetch("triage", reads))[0]["n"] == before

    # One is overridden, with a reason; the others are confirmed at once, but for one that moved.
    await noor.open("/lead/proposals")
    first = str(cases[0]["id"])
    answer = await noor.send(
        f"/lead/proposals/{first}",
        revision=str(cases[0]["revision"]), track="letter", priority="4", reason="Al in gesprek.",
    )  # fmt: skip
    assert "U hebt het voorstel aangepast" in answer.text
    assert (await office.case(cases[0]["household_id"]))["track"] == "letter"
    shown = ticked(noor)
    assert len(shown) == 4
    await office.order(cases[1], "assignment-answers", {"answer": "accepted"})
    answer = await noor.send("/lead/proposals", case=shown)
    assert answer.status_code == 200
    assert "Bevestigd: 3 van de 4" in answer.text
    assert "iemand anders was u voor" in answer.text
    confirmed = [case for case in await office.cases() if case["confirmed_by"] == "noor-de-wit"]
    assert len(confirmed) == 4

    await gives_cases_away(office, noor)
    await says_who_is_away(office, noor)
    await nobody_else_does(site, first)


async def gives_cases_away(office: Office, noor: Visitor) -> None:
    """Two to Daan of the other team, who must accept them."""
    await noor.open("/lead/cases")
    shown = ticked(noor)
    assert len(shown) == 5
    answer = await noor.send("/lead/cases", case=shown[:2], to="daan-smit", reason="Zuid helpt.")
    assert "Overgedragen: 2 van de 2" in answer.text
    given = [case for case in await office.cases() if case["assignee_id"] == "daan-smit"]
    assert {str(case["id"]) for case in given} == {one.split()[0] for one in shown[:2]}
    assert "anna-jansen" not in "".join(re.findall(r'href="([^"]*)"', answer.text))


async def says_who_is_away(office: Office, noor: Visitor) -> None:
    """Anna is away; what she has goes to who comes next, each."""
    await noor.open("/lead/staff")
    answer = await noor.send(
        "/lead/staff/absences", worker="anna-jansen", absent_from="2026-03-02",
        absent_until="2026-03-20",
    )  # fmt: skip
    assert "Afwezig van ma 2 mrt tot en met vr 20 mrt" in answer.text
    mine = [case for case in await office.cases() if case["assignee_id"] == "anna-jansen"]
    assert mine
    answer = await noor.send("/lead/staff/hand-overs", worker="anna-jansen", reason="Ziek.")
    assert f"Overgedragen: {len(mine)} van de {len(mine)}" in answer.text
    assert not [case for case in await office.cases() if case["assignee_id"] == "anna-jansen"]
    answer = await noor.send("/lead/staff/absences", worker="anna-jansen", is_back="yes")
    assert "is er weer" in answer.text
    assert (await noor.send("/lead/staff/absences", worker="x-y", is_back="yes")).status_code == 404


async def nobody_else_does(site: Site, case_id: str) -> None:
    """A generalist has no page here, and a lead of elsewhere no case."""
    bram, zeger = site.visitor(), site.visitor()
    await bram.sign_in("bram-yilmaz", to="/work")
    for path in ("", "/terms", "/proposals", "/cases", "/staff", "/tasks", "/conflicts", "/sample",
                 "/policy"):  # fmt: skip
        assert (await bram.open(f"/lead{path}")).status_code == 403, path
    await zeger.sign_in("zeger-bos", to="/lead/proposals")
    assert "9901 AB" not in zeger.page.text
    told = {"key": "another key", "revision": "1", "track": "letter", "priority": "4"}
    answer = await zeger.send(f"/lead/proposals/{case_id}", reason="Zomaar.", **told)
    assert answer.status_code == 404


async def test_a_lead_says_whose_signals_these_are_judges_rules_and_sums_and_tries_a_policy(
    site: Site,
) -> None:
    office, noor = await opened(site)
    leases: list[Any] = [
        arrears_reported(1, partner_id=partner, contract=partner, surname=name, **OLD)
        for partner, name in (("woonstad", "Jansen"), ("volkshuis", "Bakker"))
    ]
    hearing = fact(signals.HearingScheduled, 2)
    small = arrears_reported(3, arrears_cents=100)
    await office.say(*leases, arrears_reported(2, **OLD), small)
    await office.say(hearing)

    # Whose are they? Both sides, and the verdict that it is right as it is.
    await noor.open("/lead/tasks")
    assert "Twee huurders op een adres" in noor.page.text
    path = re.findall(r'href="(/lead/households/[^"]+)"', noor.page.text)[0]
    await noor.open(path)
    assert "Jansen" in noor.page.text
    assert "Bakker" in noor.page.text
    answer = await noor.send(f"{path}/splits", signal=str(leases[1].fact_id), reason="Een kamer.")
    assert "gesplitst in twee huishoudens" in answer.text
    assert "Twee huurders op een adres" not in answer.text
    await noor.open(path)
    other = re.findall(r'name="other" value="([^"]+)"', noor.page.text)[0]
    answer = await noor.send(f"{path}/merges", other=other, reason="Toch een gezin.")
    assert "samengevoegd" in answer.text
    await noor.open(path)
    verdict = re.findall(r'name="verdict_id" value="([^"]+)"', noor.page.text)[-1]
    answer = await noor.send(f"{path}/undoings", verdict_id=verdict, reason="Vergissing.")
    assert "teruggedraaid" in answer.text
    nobody = "/lead/households/00000000-0000-0000-0000-000000000001"
    assert (await noor.open(nobody)).status_code == 404

    # Where rules disagree, the heaviest holds, and both are told in words.
    page = (await noor.open("/lead/conflicts")).text
    tracks = re.findall(r"(juridisch pad|huisbezoek|brief)(?: ↔ |\s*<small>)", page)
    assert tracks[:3] == ["juridisch pad", "huisbezoek", "brief"], page
    assert "Deze geldt." in page
    assert "9901 AB 2" in page

    # Of what arithmetic decided alone a sample is drawn, and judged.
    assert "geen steekproef" in (await noor.open("/lead/sample")).text
    await office.pass_time(datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
    await site.town.until("triage", "select count(*) from sample", 1)
    assert "onterechte melding" in (await noor.open("/lead/sample")).text
    answer = await noor.send("/lead/sample", is_right="no", remark="Dit was een typefout.")
    assert "Uw oordeel is opgeslagen" in answer.text
    assert "Dit was een typefout." in answer.text
    await tries_a_policy(site, noor)


async def tries_a_policy(site: Site, noor: Visitor) -> None:
    """Faults have their place; what would change is told in words; and nothing holds by it."""
    await noor.open("/lead/policy")
    key = noor.page.text.split('name="form-key" content="')[1].split('"')[0]

    async def handed_in(text: str, **fields: str) -> str:
        noor.page = await noor.client.post(
            "/lead/policy", data={"form_key": key, "days": "30", **fields},
            files={"file": ("candidate.yaml", text.encode())}, headers={"Accept": "text/html"},
        )  # fmt: skip
        return noor.page.text

    wrong = await handed_in(changed(("track: visit", "track: vist")))
    assert noor.page.status_code == 422
    assert "dit kader kan niet worden geladen" in wrong
    assert re.search(r"<td>\d+</td><td>\d+</td>", wrong)

    page = await handed_in(changed(("floor_cents: {value: 7500", "floor_cents: {value: 100000")))
    assert noor.page.status_code == 200, page
    assert "2 huishoudens krijgen een andere aanpak" in page
    assert "de ondergrens is 1.000 euro" in page
    assert "Hoe zeker is dit?" in page
    elsewhere = await handed_in(changed(("municipality: GM9901", "municipality: GM9902")))
    assert "voor een andere gemeente" in elsewhere
    await handed_in("", form_key="of another")
    assert noor.page.status_code == 403
    assert not await site.town.fetch("triage", "select from policy_job"), "nothing was activated"

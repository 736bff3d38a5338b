"""A generalist's day in a browser without scripts: who first, the door, the week, law, end."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from tests.builders import arrears_reported
from tests.pages.site import Site, Visitor
from tests.town import MONDAY
from tests.triage.staffed import Office

FORM = re.compile(r'<form[^>]*action="([^"]+)".*?</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
OLD = date(2025, 12, 1)  # arrears long enough for a visit
WORKERS = ("anna-jansen", "bram-yilmaz")


async def open_site(site: Site, *numbers: int) -> tuple[Office, dict[str, Any]]:
    """Only triage runs; households at these numbers were reported. The last case."""
    await site.start("triage")
    office = Office(site.town)
    for number in numbers:
        told = {"phone": "+31611111111", "arrears_since": OLD, "surname": f"Voorbeeld{number}"}
        await office.say(arrears_reported(number, **told))
    return office, (await office.cases())[-1]


async def fill(who: Visitor, page: str, action: str, **fields: str) -> httpx.Response:
    """Send the first form of a page with this action, its own hidden fields with it."""
    await who.open(page)
    assert who.page.status_code == 200, who.page.text
    forms = [one for one in FORM.finditer(who.page.text) if one[1].endswith(action)]
    assert forms, f"{action} is no form of {page}"
    hidden = dict(HIDDEN.findall(forms[0][0]))
    who.page = await who.client.post(
        forms[0][1], data={**hidden, **fields}, headers={"Accept": "text/html"}
    )
    return who.page


async def test_from_the_list_to_the_door_and_the_end(site: Site) -> None:
    office, case = await open_site(site, 1)
    me, home = site.visitor(), f"/work/{case['id']}"
    page = await me.sign_in(case["assignee_id"], to="/work")
    assert "9901 AB 1" in page.text
    assert "Nieuw: aannemen of teruggeven" in page.text
    assert "Afspraken van de gemeente" in page.text
    page = await fill(me, home, "/answers", answer="accepted")
    assert "U hebt de zaak aangenomen." in page.text
    for told in ("Voorbeeld1", "+31611111111", "niet gecontroleerd", "€ 900", "Deze regels golden"):
        assert told in page.text, told
    await plan_and_move(me, home)
    await go_by(me, home, site)

    # Help, by the day on which they said so; then the law asks for a first talk.
    page = await fill(me, home, "/help-answers", answer="accepted", answered_on="2026-03-03")
    assert "hulp aanvaard" in page.text
    assert "Termijnen van de wet" in page.text
    assert "Eerste gesprek: de hulpvraag is duidelijk" in page.text
    await leave_a_plan(me, home)
    await pause_and_close(me, home)
    assert (await office.case(case["household_id"]))["result"] == "(Budget)advies en/of quick fix"
    reads = await site.town.fetch("triage", "select purpose from read_log")
    assert {"own list", "case work", "own week"} == {row["purpose"] for row in reads}


async def plan_and_move(me: Visitor, home: str) -> None:
    """A visit in a free part of the coming fortnight; then it is in the week, and moves."""
    page = await fill(me, f"{home}/visits", "/visits", slot="2026-03-04/morning")
    assert "Het huisbezoek is gepland." in page.text
    assert re.search("wo 4 mrt 09:00.12:00", page.text)
    assert "9901 AB 1" in (await me.open("/week")).text
    page = await fill(me, f"{home}/visits", "/moves", **{"on": "2026-03-03", "from": "14:00"})
    assert page.status_code == 400
    assert "Kies een dag en uren" in page.text
    again = {"on": "2026-03-03", "from": "14:00", "until": "15:30"}
    page = await fill(me, f"{home}/visits", "/moves", **again)
    assert re.search("di 3 mrt 14:00.15:30", page.text)


async def go_by(me: Visitor, home: str, site: Site) -> None:
    """Before its day what happens is not that visit's; on it one tap records it."""
    page = await me.open(home)
    assert "staat los van het geplande bezoek" in page.text
    site.town.clock.move(datetime(2026, 3, 3, 13, 30, tzinfo=UTC))
    page = await fill(me, home, "/attempts", result="spoke", waited="600")
    assert "Opgeslagen: gesproken." in page.text
    (tried,) = await site.town.fetch("triage", "select * from contact_attempt")
    assert tried["attempted_at"] == datetime(2026, 3, 3, 13, 20, tzinfo=UTC), "when it was tapped"
    (visit,) = await site.town.fetch("triage", "select id, state from visit")
    assert (visit["id"], visit["state"]) == (tried["visit_id"], "made")


async def leave_a_plan(me: Visitor, home: str) -> None:
    """The household's words, on a page without an amount."""
    words = "Ik bel de corporatie <zelf>."
    told = {"layer": "own", "words": words, "written_by": "resident"}
    page = await fill(me, home, "/plan-items", **told)
    assert "Ik bel de corporatie &lt;zelf&gt;." in page.text
    page = await me.open(f"{home}/leave-behind")
    assert "Wat ik zelf doe" in page.text
    assert "088 123 45 67" in page.text
    assert "900" not in page.text.split('<article class="sheet">')[1]
    await me.open(home)
    assert "Er staat nog niets in het plan" in (await fill(me, home, "/removals")).text


async def pause_and_close(me: Visitor, home: str) -> None:
    page = await fill(me, home, "/pauses", review_on="2026-03-20", reason="Wacht op de bank.")
    assert "Rust tot vr 20 mrt" in page.text
    page = await fill(me, home, "/pauses", review_on="2026-03-01", reason="Te vroeg.")
    assert "hoogstens 366 dagen" in page.text
    end = {"result": "(Budget)advies en/of quick fix", "reason": "Budget op orde."}
    page = await fill(me, home, "/closures", **end)
    assert "De zaak is gesloten." in page.text
    assert "Wat gebeurde er aan de deur?" not in page.text
    page = await fill(me, home, "/reopenings", reason="Toch weer.")
    assert "De zaak is weer open." in page.text
    await fill(me, home, "/closures", **end)


async def test_what_the_law_and_safety_ask_is_loud_and_seen_by_the_team_only(site: Site) -> None:
    _, case = await open_site(site, *range(1, 6))
    me, home = site.visitor(), f"/work/{case['id']}"
    await me.sign_in(case["assignee_id"], to=home)
    await fill(me, home, "/answers", answer="accepted")

    await learn_of_a_hearing(me, home, site)
    danger = {"kind": "visit_with_two", "reason": "Er werd gedreigd.", "review_on": "2026-06-01"}
    page = await fill(me, home, "/dangers", **danger)
    assert "Alleen met twee mensen op bezoek" in page.text
    assert "Er werd gedreigd." in page.text
    page = await fill(me, f"{home}/visits", "/visits", slot="2026-03-05/evening")
    assert "samen met" in page.text
    (visit,) = await site.town.fetch("triage", "select second_worker_id from visit")
    await others_look(site, visit["second_worker_id"], home)

    # An hour of an open page is one reading; handed over, it is out of sight.
    await site.town.fetch("triage", "delete from read_log")
    for _ in range(3):
        await me.open(home, **{"X-Live": "1"})
    (reads,) = await site.town.fetch("triage", "select count(*) as n from read_log")
    assert reads["n"] == 1
    await fill(me, f"{home}/visits", "/cancellations")
    other = next(one for one in WORKERS if one != case["assignee_id"])
    page = await fill(me, home, "/hand-overs", to=other, reason="Vakantie.")
    assert "De zaak is overgedragen." in page.text
    assert (await me.open(home)).status_code == 404
    await overdue_first(me, site)


async def learn_of_a_hearing(me: Visitor, home: str, site: Site) -> None:
    """First what, then only what that asks for; of two records the later one holds."""
    page = await me.open(f"{home}/facts?what=hearing")
    assert "Welke zitting?" in page.text
    hearing = {
        "court": "Rechtbank Noord",
        "case_number": "26-77",
        "hearing": "rolzitting",
        "at_day": "2026-03-16",
        "at_hour": "10:30",
        "source": "brief van de rechtbank",
    }
    page = await fill(me, f"{home}/facts?what=hearing", "/facts/hearing", **hearing)
    assert "Zitting over 14 dagen" in page.text
    assert "ma 16 mrt 10:30" in page.text
    site.town.clock.move(MONDAY + timedelta(hours=1))
    del hearing["at_day"], hearing["at_hour"]
    page = await fill(me, f"{home}/facts?what=hearing_unknown", "/hearing_unknown", **hearing)
    assert "dag niet bekend" in page.text
    page = await fill(me, f"{home}/facts?what=judgment", "/facts/judgment", **hearing)
    assert page.status_code == 400
    assert "Er is niets gewijzigd." in page.text
    check = {"result": "lives_here", "day": "2026-03-02", "source": "zelf gezien"}
    page = await fill(me, f"{home}/facts?what=residence", "/facts/residence", **check)
    assert "Het feit is ingevoerd." in page.text


async def others_look(site: Site, second: str, home: str) -> None:
    """Who goes along reads, and does nothing; another team finds nothing."""
    along, stranger = site.visitor(), site.visitor()
    await along.sign_in(second, to="/work")
    assert "Ik ga mee" in along.page.text
    page = await along.open(home)
    assert "Er werd gedreigd." in page.text
    assert "Wat u kunt doen" not in page.text, "who goes along only reads"
    assert (await along.open(f"{home}/visits")).status_code == 404
    assert "ik ga mee met" in (await along.open("/week")).text

    await stranger.sign_in("daan-smit", to=home)
    for path in ("", "/visits", "/facts", "/leave-behind"):
        assert (await stranger.open(home + path)).status_code == 404, path


async def overdue_first(me: Visitor, site: Site) -> None:
    """What is overdue comes first, in the order of the whole list; in other words too."""
    tried, untried = await my_cases(me)
    for one in (tried, untried):
        await fill(me, one, "/answers", answer="accepted")
    assert await my_cases(me) == [tried, untried]
    await fill(me, tried, "/attempts", result="not_home")
    site.town.clock.move(MONDAY + timedelta(days=8))
    assert await my_cases(me) == [untried, tried]
    assert me.page.text.count("te laat") == 1
    assert "Verder zijn er geen zaken." in (await me.open("/work?page=2")).text
    assert "1 day late" in (await me.open("/language/en?to=/work")).text


async def my_cases(me: Visitor) -> list[str]:
    """The paths of my cases, in the order of my list."""
    await me.open("/work")
    return re.findall(r'<h2><a href="(/work/[0-9a-f-]+)">', me.page.text)

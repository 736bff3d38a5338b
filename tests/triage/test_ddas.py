"""A delivery for DDAS vroegsignalering 1.2: valid, whole, and of nobody by name."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from deploy.local.driver import Clock
from deploy.local.scenario import write_month
from deploy.local.servers import Servers
from services.signals.arrivals import Arrival
from services.signals.rules import Accepted, judge
from services.signals.situation import Agreement, Partner
from services.triage import ddas, reporting
from services.triage.__main__ import app
from services.triage.commands.tracks import EndResult, decide_signals
from services.triage.ddas import Delivery
from services.triage.reports import Status
from services.triage.settings import ReportingSettings
from services.triage.sql import monitor as monitor_sql
from services.triage.sql.export import Wanted
from shared import clock as service_clock
from shared.contracts import signals
from shared.contracts.signals import LegalGround, PartnerKind
from shared.contracts.triage import ContactKind, PartOfDay
from shared.policy import Policies
from shared.settings import StartupFault
from tests.builders import MUNICIPALITY, POLICY, arrears_reported, fact
from tests.paths import POLICIES, REPOSITORY
from tests.triage import office
from tests.triage.office import SPOKE, Office

FOLDER = Path(os.environ.get("STANDARDS", REPOSITORY.parent / "shared/standards"))
SCHEMA_FILE = FOLDER / "ddas-vroegsignalering-1.2.schema.json"
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """The standard itself, which is not kept here."""
    if not SCHEMA_FILE.exists():
        pytest.skip(f"{SCHEMA_FILE} is not there: set STANDARDS to the folder that has it")
    told: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return told


@pytest.fixture
async def triage(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    async with office.opened(servers, stepped_clock) as found:
        yield found


async def delivered(triage: Office, first: date = MARCH[0], last: date = MARCH[1]) -> Any:
    """The one levering of a document."""
    document = await whole_document(triage, first, last)
    (levering,) = document["leveringen"]
    return levering


async def whole_document(triage: Office, first: date, last: date) -> Any:
    delivery = Delivery("VD", MUNICIPALITY, POLICY.name, None, first, last, service_clock.now())
    file = io.BytesIO()
    async with triage.pool.acquire() as tx, tx.transaction(isolation="repeatable_read"):
        await reporting.write_ddas(tx, delivery, file)
    return json.loads(file.getvalue())


def faults(document: Any, schema: dict[str, Any]) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [f"{list(one.instance_path)}: {one.message}" for one in validator.iter_errors(document)]


@pytest.mark.parametrize(
    ("cents", "euros"),
    [(1, 0), (49, 0), (50, 1), (149, 1), (150, 2), (7_549, 75), (7_550, 76), (125_075, 1_251)],
)
def test_amounts_are_whole_euros_with_half_a_euro_up(cents: int, euros: int) -> None:
    assert ddas.whole_euros(cents) == euros


def test_every_word_of_ours_is_one_of_the_standard(schema: dict[str, Any]) -> None:
    enums = {name: set(told["enum"]) for name, told in schema["$defs"].items() if "enum" in told}
    assert set(ddas.STATUSES) == set(Status)
    assert {*ddas.STATUSES.values(), ddas.NOT_YET} == enums["EnumSignaalstatus"]
    assert {one.value for one in EndResult} == enums["EnumEindresultaat"]
    told = {ddas.PARTNER_KINDS.get(kind, kind.value) for kind in PartnerKind}
    assert told <= enums["EnumSignaalpartner"]
    assert {one.value for one in ContactKind} <= enums["EnumContactsoort"]
    assert {one.value for one in PartOfDay} == enums["EnumDagdeel"]


async def test_a_signal_and_its_case_as_they_are_delivered(triage: Office) -> None:
    reported = arrears_reported(
        1, arrears_cents=125_075, birth_date=date(1980, 2, 29), house_letter="a",
        house_addition="2 hs", is_crisis=True, phone="0600000001", email="v@example.com",
    )  # fmt: skip
    await triage.tell(reported)
    triage.at(3, 5, 18)  # seven in the evening in Amsterdam
    await triage.attempt(1, ContactKind.VISIT, SPOKE)
    await triage.close(1, EndResult.REFERRED_FINANCIAL)

    document = await whole_document(triage, *MARCH)
    assert str(reported.fact_id) not in str(document)
    (levering,) = document.pop("leveringen")
    (signal,), (case,) = levering.pop("vroegsignalen"), levering.pop("vroegsignaalzaken")
    assert document == HEADER
    assert levering == {
        "teller": 1,
        "gemeentecode": "9901",
        "aanleverendeOrganisatie": {"naam": "Voorbeeldstad"},
    }
    assert signal == {"ID": ddas.signal_id(reported.fact_id), **SIGNAL}
    assert case == {"vroegsignalen": [{"ID": signal["ID"]}], **CASE}


HEADER = {
    "codeGegevensleverancier": "VD",
    "startdatumLevering": "2026-03-01",
    "einddatumLevering": "2026-03-31",
    "aanleverdatumEnTijd": "2026-03-05T18:00:00Z",
}
SIGNAL = {
    "crisissignaal": True,
    "warmeOverdracht": False,
    "bedrag": 1251,
    "ontstaansdatum": "2026-01-25",
    "signaaldatum": "2026-03-03",
    "status": "Opgepakt",
    "signaalpartner": {"type": "Huur"},
    "client": {
        "postcode": "9901AB",
        "huisnummer": "1",
        "huisnummertoevoeging": "A2HS",
        "geboortedatum": "1980-02-29",
    },
}
CASE = {
    "matchingsdatum": "2026-03-03",
    "startdatumMatchingperiode": "2026-03-01",
    "einddatumMatchingperiode": "2026-03-31",
    "datumOpgepakt": "2026-03-03",
    "contactpogingen": [
        {"soort": "Huisbezoek", "bereikt": True, "datum": "2026-03-05", "dagdeel": "Avond"}
    ],
    "resultaat": "Vervolghulp en/of verwijzing financieel",
}


async def test_every_status_is_spelled_as_the_standard_has_it(
    triage: Office, schema: dict[str, Any]
) -> None:
    await tell_every_status(triage)
    document = await whole_document(triage, *MARCH)
    assert not faults(document, schema)
    (levering,) = document["leveringen"]
    told = {int(one["client"]["huisnummer"]): one for one in levering["vroegsignalen"]
            if one["signaaldatum"] == "2026-03-03"}  # fmt: skip
    assert {number: one["status"] for number, one in told.items()} == {
        1: "Opgepakt",
        2: "Niet opgepakt: herhaalde melding",
        3: "Niet opgepakt: onterecht signaal",
        4: "Niet opgepakt: andere reden",
        5: "Niet opgepakt: andere reden",
        6: "Inwoner al bekend bij schuldhulpverlening",
        7: "Inwoner is overleden",
        8: "Persoon is geen inwoner (meer) in de gemeente",
        9: "Nog niet opgepakt",
    }
    cases = levering["vroegsignaalzaken"]
    in_cases = {one["ID"] for case in cases for one in case["vroegsignalen"]}
    # What a person decided of a signal ends it in its case; the case stays for a person to close.
    assert {number for number, one in told.items() if one["ID"] in in_cases} == {1, 5, 6, 7, 8}
    assert not [case for case in cases if "resultaat" in case]


async def tell_every_status(triage: Office) -> None:
    """A household for each status; the house number says which."""
    told = [arrears_reported(number) for number in range(1, 9)]
    told[1] = arrears_reported(2, reported_on=date(2026, 2, 3), arrears_since=date(2025, 12, 1))
    told[2] = arrears_reported(3, arrears_cents=7_499)
    await triage.tell(*told)
    await triage.tell(arrears_reported(2))
    await triage.tell(fact(signals.SignalWithdrawn, 4, withdrawn_fact_id=told[3].fact_id))
    by_person = {5: Status.OTHER_REASON, 6: Status.KNOWN_TO_DEBT_HELP, 7: Status.DECEASED,
                 8: Status.NOT_RESIDENT}  # fmt: skip
    for number, status in by_person.items():
        decided = partial(decide_signals, signal_ids=[told[number - 1].fact_id], status=status,
                          reason="Gezien in het register.")  # fmt: skip
        await triage.act(number, decided)
    leases = [arrears_reported(9, surname=name, partner_id=partner, reported_on=day)
              for name, partner, day in (("Voorbeeld", "woonstad", date(2026, 3, 2)),
                                         ("Anders", "volkshuis", date(2026, 3, 3)))]  # fmt: skip
    await triage.tell(*leases)


async def test_a_case_is_delivered_while_it_runs_with_all_its_signals(triage: Office) -> None:
    february = arrears_reported(1, reported_on=date(2026, 2, 25))
    triage.at(2, 25)
    await triage.tell(february)
    triage.at(3, 31, 21)  # eleven in the evening in Amsterdam
    await triage.close(1, EndResult.NO_CONTACT)
    for first, last, signal_count, case_count in [
        (date(2026, 1, 1), date(2026, 2, 24), 0, 0),
        (date(2026, 1, 1), date(2026, 2, 25), 1, 1),
        (date(2026, 3, 1), date(2026, 3, 31), 1, 1),
        (date(2026, 3, 31), date(2026, 3, 31), 1, 1),
        (date(2026, 4, 1), date(2026, 4, 30), 0, 0),
    ]:
        levering = await delivered(triage, first, last)
        found = len(levering["vroegsignalen"]), len(levering["vroegsignaalzaken"])
        assert found == (signal_count, case_count), first


async def test_a_case_without_a_signal_is_none_of_the_standard(triage: Office) -> None:
    await triage.tell(fact(signals.EvictionScheduled))
    assert (await delivered(triage))["vroegsignaalzaken"] == []


async def test_the_month_of_the_demo_is_valid_and_every_reference_is_found(
    triage: Office, schema: dict[str, Any]
) -> None:
    told = await tell_month(triage, 60)
    names = [event.surname for event in told if isinstance(event, signals.ArrearsReported)]
    await work_on_some(triage)
    document = await whole_document(triage, *MARCH)
    assert not faults(document, schema)
    assert faults({**document, "burgerservicenummer": "1"}, schema), "the check can fail"
    (levering,) = document["leveringen"]
    ids = [one["ID"] for one in levering["vroegsignalen"]]
    assert len(ids) == len(set(ids)) == len(names) > 50
    in_cases = [one["ID"] for case in levering["vroegsignaalzaken"]
                for one in case["vroegsignalen"]]  # fmt: skip
    assert len(in_cases) == len(set(in_cases))
    taken_up = {one["ID"] for one in levering["vroegsignalen"] if one["status"] == "Opgepakt"}
    assert taken_up <= set(in_cases) <= set(ids)
    text = json.dumps(document)
    assert not [name for name in names if name in text]
    assert not [word for word in ("burgerservicenummer", "06000", "achternaam") if word in text]


async def tell_month(triage: Office, count: int) -> list[signals.PartnerFact]:
    """A month as the demo has it, by signals' own rules."""
    policies = Policies({MUNICIPALITY: [POLICY]})
    told = []
    for one in write_month(seed=1, signals=count):
        body = one.body if isinstance(one.body, bytes) else json.dumps(one.body).encode()
        outcome = judge(Arrival(one.partner, body), PARTNERS, policies, one.at)
        if isinstance(outcome, Accepted) and one.expected == "accepted":
            told.append(outcome.fact)
    triage.at(3, 31)
    await triage.tell(*told)
    return told


PARTNERS = {
    name: Partner(
        id=name, kvk=kvk, kinds=frozenset(PartnerKind), is_suspended=False, wants_feedback=False,
        agreements=tuple(Agreement(MUNICIPALITY, ground, date(2026, 1, 1), None)
                         for ground in LegalGround),
    )
    for name, kvk in {"woonstad": "90000001", "volkshuis": "90000002", "stroomnet": "90000003",
                      "helderwater": "90000004", "zorgzeker": "90000005",
                      "gerechtsdeurwaarder": "90000006"}.items()
}  # fmt: skip


async def work_on_some(triage: Office) -> None:
    """Somebody goes by at every fifth case, and ends it with one result after the other."""
    rows = await triage.fetch(
        "select distinct house_number from household_case join address on address.id = address_id"
        " where is_open order by 1"
    )
    for (number,), result in zip(rows[::5], EndResult, strict=False):
        await triage.attempt(number, ContactKind.VISIT, SPOKE)
        await triage.close(number, result)


class Sink(io.BytesIO):
    """Forgets what is written, but for the longest piece."""

    longest = 0

    def write(self, piece: Any) -> int:
        self.longest = max(self.longest, len(piece))
        return len(piece)


async def test_a_document_is_written_row_by_row(triage: Office) -> None:
    await triage.tell(*(arrears_reported(number) for number in range(1, 40)))
    delivery = Delivery("VD", MUNICIPALITY, "V", "90000009", *MARCH, service_clock.now())
    sink = Sink()
    async with triage.pool.acquire() as tx, tx.transaction():
        done = await reporting.write_ddas(tx, delivery, sink)
    assert (done.signals, done.cases) == (39, 39)
    assert sink.longest < 500


WRONG = {
    "no municipality GM0363 here; there are GM9901": Wanted("GM0363", *MARCH),
    "--from 2026-03-31 lies after --to 2026-03-01": Wanted(MUNICIPALITY, MARCH[1], MARCH[0]),
    "kept from 2026-03-03 to 2026-03-03": Wanted(MUNICIPALITY, date(2026, 1, 1), date(2026, 3, 2)),
    "there is no such period": Wanted(MUNICIPALITY, date(2026, 3, 4), date(2026, 3, 31)),
}


async def test_what_cannot_be_delivered_is_said(triage: Office) -> None:
    settings = ReportingSettings(database_url=triage.url, policy_folder=POLICIES)
    with pytest.raises(StartupFault, match="there are no signals of GM9901"):
        await reporting.deliver(settings, Wanted(MUNICIPALITY, *MARCH), None, Sink())
    await triage.tell(arrears_reported(1))
    for words, wanted in WRONG.items():
        sink = Sink()
        with pytest.raises(StartupFault, match=words):
            await reporting.deliver(settings, wanted, None, sink)
        assert not sink.longest
    border = Wanted(MUNICIPALITY, date(2026, 3, 3), date(2026, 3, 3))
    told = await reporting.deliver(settings, border, None, Sink())
    assert told == "GM9901: 1 signals, 1 cases"


async def test_what_was_purged_is_said_to_be_missing(triage: Office) -> None:
    settings = ReportingSettings(database_url=triage.url, policy_folder=POLICIES)
    await triage.tell(arrears_reported(1), arrears_reported(2))
    async with triage.pool.acquire() as tx:
        gone = await tx.fetchval("select household_id from signal order by id limit 1")
        await monitor_sql.count_before_purge(tx, [gone], service_clock.today())
        await tx.execute("delete from signal where household_id = $1", gone)
    told = await reporting.deliver(settings, Wanted(MUNICIPALITY, *MARCH), None, Sink())
    assert told == "GM9901: 1 signals, 1 cases; 1 signals of these months were purged"


async def export(url: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    environment = {**os.environ, "DATABASE_URL": url, "POLICY_FOLDER": str(POLICIES)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.triage", "export", "ddas", *arguments,
        cwd=REPOSITORY, env=environment, stdout=-1, stderr=-1,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_writes_a_file_for_its_owner(triage: Office, tmp_path: Path) -> None:
    await triage.tell(arrears_reported(1))
    out = tmp_path / "march.json"
    period = ("--from", "2026-03-01", "--to", "2026-03-31")
    told = await export(triage.url, "--municipality", "GM9901", *period, "--out", str(out))
    assert told == (0, "", "GM9901: 1 signals, 1 cases\n")
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(out.read_text())["leveringen"][0]["gemeentecode"] == "9901"


def test_a_day_that_does_not_exist_is_refused() -> None:
    period = ["--from", "2026-02-30", "--to", "2026-03-31"]
    told = CliRunner().invoke(app, ["export", "ddas", "--municipality", "GM9901", *period])
    assert told.exit_code == 2
    assert "2026-02-30" in told.output


def test_a_document_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    out = tmp_path / "march.json"
    out.write_text("of last time")
    with pytest.raises(StartupFault, match="no policy"):
        _break_off(out)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("march.json", "of last time")
    ]
    with pytest.raises(StartupFault, match="cannot be written: No such file or directory"):
        _break_off(tmp_path / "none/x.json")


def _break_off(out: Path) -> None:
    with reporting.opened_file(out) as file:
        file.write(b"half")
        raise StartupFault("no policy")

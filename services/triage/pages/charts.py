"""What the charts of the monitor say: each is a table, of which some columns are drawn. Pure.

The figures are the monitor's, without small numbers; nothing is added up or divided here but what
is shown itself.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.triage.monitor import Figure, Figures

Say = Callable[[str], str]  # Dutch to the reader's language
Cell = int | str | None  # None: not shown


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


class Kind(StrEnum):
    """How the drawn columns of a row lie."""

    WITHIN = "within"  # one within the other: some of those before
    BESIDE = "beside"  # one after the other: parts of a whole


@dataclass(frozen=True)
class Row:
    """A row of a table; rows of one group stand together under its name."""

    label: str
    cells: tuple[Cell, ...]
    group: str = ""


@dataclass(frozen=True)
class Chart:
    """A table, and how it is drawn."""

    name: str  # in addresses
    title: str
    about: str
    columns: tuple[str, ...]  # the first is of the labels
    rows: tuple[Row, ...]
    drawn: tuple[int, ...]  # which cells of a row
    kind: Kind = Kind.WITHIN
    in_euros: frozenset[int] = frozenset()  # which cells are amounts

    @property
    def has_groups(self) -> bool:
        return any(row.group for row in self.rows)


@dataclass(frozen=True)
class Amounts:
    """What the costs are counted with, in whole euros."""

    eviction: int
    society: int
    guidance: int


PARTNERS = {
    "Huur": _("huur"),
    "Energie": _("energie"),
    "Water": _("water"),
    "Zorg": _("zorg"),
    "Hypotheek": _("hypotheek"),
    "CAK Zorgverzekeringen": _("CAK zorgverzekering"),
    "CAK Eigen bijdrage": _("CAK eigen bijdrage"),
    "Overige": _("overig"),
    "Deurwaarder": _("deurwaarder"),
}
CHANNELS = {
    "Brief": _("brief"),
    "Huisbezoek": _("huisbezoek"),
    "Kaartje": _("kaartje"),
    "Mail": _("e-mail"),
    "SMS/Whatsapp": _("sms of WhatsApp"),
    "Telefoon": _("telefoon"),
}
PARTS_OF_DAY = {"Ochtend": _("ochtend"), "Middag": _("middag"), "Avond": _("avond")}
CLOCKS = {
    "legal": _("Wettelijke termijnen"),
    "service": _("Afspraken van de gemeente"),
    "pause": _("pauze van de incasso"),
}
TERMS = {
    "acceptance": _("aannemen"),
    "first_attempt": _("eerste contactpoging"),
    "act_on_signal": _("melding opvolgen"),
    "first_talk": _("eerste gesprek"),
}
AGES = {
    "under 18": _("jonger dan 18"),
    "18-22": _("18 tot en met 22"),
    "23-26": _("23 tot en met 26"),
    "27-64": _("27 tot en met 64"),
    "65 and over": _("65 en ouder"),
    "unknown": _("leeftijd onbekend"),
}


def all_charts(told: Figures, amounts: Amounts, say: Say) -> list[Chart]:
    """Every chart of the page, in its order."""
    return [
        flow(told, say),
        partners(told, say),
        reach(told, say),
        terms(told, say),
        evictions(told, say),
        costs(told, amounts, say),
        fairness(told, say),
    ]


def amounts_of(told: Figures) -> Amounts:
    """The amounts of the policy."""
    by_what = {cost.what: cost.amount_euros for cost in told.costs}
    return Amounts(
        eviction=by_what["evictions called off, to corporations"],
        society=by_what["evictions called off, to society"],
        guidance=by_what["guidance of cases in which help was accepted"],
    )


def share(part: Figure, whole: Figure) -> Cell:
    """Per cent, as far as both are shown."""
    if part is None or whole is None:
        return None
    return f"{round(100 * part / whole)} %" if whole else ""


def flow(told: Figures, say: Say) -> Chart:
    """From signal to contact to help."""
    signals, cases = told.signals, told.cases
    stages = [
        (_("gemeld"), signals.signalled),
        (_("opgepakt"), signals.taken_up),
        (_("contact gezocht"), signals.attempted),
        (_("iemand bereikt"), signals.reached),
        (_("hulp aangenomen"), signals.accepted),
    ]
    steps = [
        (_("geopend"), cases.opened),
        (_("contact gezocht"), cases.attempted),
        (_("iemand bereikt"), cases.reached),
        (_("hulp aangenomen"), cases.accepted),
    ]
    return Chart(
        name="flow",
        title=say(_("Van melding naar hulp")),
        about=say(_("Elke stap is een deel van de vorige. Eén zaak kan meer meldingen hebben.")),
        columns=_said(say, _("Stap"), _("Aantal"), _("Deel van de eerste stap")),
        rows=(*_steps(say(_("Meldingen")), stages, say), *_steps(say(_("Zaken")), steps, say)),
        drawn=(0,),
    )  # fmt: skip


def _steps(group: str, stages: Sequence[tuple[str, Figure]], say: Say) -> Iterable[Row]:
    first = stages[0][1]
    return (Row(say(word), (count, share(count, first)), group) for word, count in stages)


def partners(told: Figures, say: Say) -> Chart:
    """The same by kind of partner."""
    rows = [
        Row(say(PARTNERS.get(one.partner_kind, one.partner_kind)),
            (one.signalled, one.taken_up, one.attempted, one.reached, one.accepted))
        for one in told.signals_by_partner_kind
    ]  # fmt: skip
    return Chart(
        name="partners",
        title=say(_("Meldingen per soort partner")),
        about=say(_("Hoe ver meldingen komen, per soort partner.")),
        columns=_said(say, _("Soort partner"), _("Gemeld"), _("Opgepakt"), _("Contact gezocht"),
                      _("Bereikt"), _("Hulp aangenomen")),
        rows=tuple(rows),
        drawn=(0, 3, 4),
    )  # fmt: skip


def reach(told: Figures, say: Say) -> Chart:
    """Attempts, and what came of them, by channel and by part of the day."""
    channel, part = say(_("Per kanaal")), say(_("Per dagdeel"))
    rows = [
        Row(say(words.get(one.by, one.by)),
            (one.attempted, one.reached, one.accepted, share(one.reached, one.attempted)), group)
        for group, words, of in (
            (channel, CHANNELS, told.attempts_by_channel),
            (part, PARTS_OF_DAY, told.attempts_by_part_of_day),
        )
        for one in of
    ]  # fmt: skip
    return Chart(
        name="reach",
        title=say(_("Wanneer en hoe mensen bereikt worden")),
        about=say(_("Contactpogingen. Hulp telt bij de eerste poging waarin iemand werd bereikt.")),
        columns=_said(say, _("Poging"), _("Gedaan"), _("Bereikt"), _("Hulp aangenomen"),
                      _("Deel bereikt")),
        rows=tuple(rows),
        drawn=(0, 1, 2),
    )  # fmt: skip


def terms(told: Figures, say: Say) -> Chart:
    """Terms met and missed; legal and service apart."""
    rows = [
        Row(say(TERMS.get(one.name, one.name)), (one.total, one.met, one.missed, one.running),
            say(CLOCKS.get(one.clock, one.clock)))
        for one in told.terms
    ]  # fmt: skip
    return Chart(
        name="terms",
        title=say(_("Termijnen")),
        about=say(_("Termijnen die in deze periode aflopen. Te laat telt als gemist.")),
        columns=_said(say, _("Termijn"), _("Alle"), _("Gehaald"), _("Gemist"), _("Loopt nog")),
        rows=tuple(rows),
        drawn=(1, 2, 3),
        kind=Kind.BESIDE,
    )


def evictions(told: Figures, say: Say) -> Chart:
    """Evictions by what became of them."""
    found = told.evictions
    rows = [
        (_("aangezegd"), found.announced),
        (_("afgelast"), found.called_off),
        (_("uitgevoerd"), found.carried_out),
        (_("staat nog gepland"), found.standing),
    ]
    return Chart(
        name="evictions",
        title=say(_("Ontruimingen")),
        about=say(_("Naar de maand waarin de ontruiming voor het eerst werd gemeld.")),
        columns=_said(say, _("Ontruimingen"), _("Aantal"), _("Deel van alle")),
        rows=tuple(Row(say(word), (count, share(count, found.announced))) for word, count in rows),
        drawn=(0,),
    )


def costs(told: Figures, amounts: Amounts, say: Say) -> Chart:
    """What was counted, times an amount: an estimate, of which nothing is proven."""
    found = told.evictions
    each = say(_("voor de corporatie")), say(_("voor de samenleving"))
    lines = [
        (say(_("Afgelast: zou hebben gekost")), each[0], found.called_off, amounts.eviction),
        (say(_("Afgelast: zou hebben gekost")), each[1], found.called_off, amounts.society),
        (say(_("Uitgevoerd: heeft gekost")), each[0], found.carried_out, amounts.eviction),
        (say(_("Uitgevoerd: heeft gekost")), each[1], found.carried_out, amounts.society),
        (say(_("Begeleiding")), say(_("hulp aangenomen")), told.cases.accepted, amounts.guidance),
    ]
    return Chart(
        name="costs",
        title=say(_("Wat het kost: een schatting")),
        about=say(_("Aantallen keer een bedrag. Niets is van elkaar afgetrokken.")),
        columns=_said(say, _("Post"), _("Aantal"), _("Bedrag per keer"), _("Samen")),
        rows=tuple(
            Row(label, (count, amount, None if count is None else count * amount), group)
            for group, label, count, amount in lines
        ),
        drawn=(2,),
        in_euros=frozenset({1, 2}),
    )


def fairness(told: Figures, say: Say) -> Chart:
    """Who is visited against who is signalled."""
    found = told.fairness
    rows = [
        Row(say(words.get(one.by, one.by)), (one.signalled, one.visited,
                                             share(one.visited, one.signalled)), group)
        for group, words, of in (
            (say(_("Naar leeftijd")), AGES, found.by_age_band),
            (say(_("Naar wijk (cijfers van de postcode)")), {}, found.by_district),
        )
        for one in of
    ]  # fmt: skip
    return Chart(
        name="fairness",
        title=say(_("Wie wordt gemeld, en wie wordt bezocht")),
        about=say(_("Huishoudens, elke maand één keer geteld. Geen regel kijkt hiernaar.")),
        columns=_said(say, _("Huishoudens"), _("Gemeld"), _("Bezocht"), _("Deel bezocht")),
        rows=tuple(rows),
        drawn=(0, 1),
    )  # fmt: skip


def _said(say: Say, *words: str) -> tuple[str, ...]:
    return tuple(map(say, words))

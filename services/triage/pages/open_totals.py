"""Which totals are open data, and what each means. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.triage.monitor import Figure, Figures


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Total:
    """A figure: its name for programs, its words, and what is counted."""

    name: str
    words: str
    meaning: str


TOTALS = (
    Total("signals_signalled", _("Meldingen"), _("Meldingen van partners over een achterstand.")),
    Total("signals_taken_up", _("Meldingen opgepakt"),
          _("Meldingen waarmee de gemeente iets deed. Herhaalde en onterechte tellen niet.")),
    Total("signals_attempted", _("Meldingen met een contactpoging"),
          _("Opgepakte meldingen waarbij iemand contact zocht.")),
    Total("signals_reached", _("Meldingen met contact"),
          _("Opgepakte meldingen waarbij iemand het huishouden sprak.")),
    Total("signals_accepted", _("Meldingen met hulp"),
          _("Opgepakte meldingen waarbij het huishouden hulp aannam.")),
    Total("cases_opened", _("Zaken"),
          _("Zaken die in deze maanden begonnen. Een huishouden heeft één zaak tegelijk.")),
    Total("cases_attempted", _("Zaken met een contactpoging"),
          _("Daarvan: waarin iemand contact zocht.")),
    Total("cases_reached", _("Zaken met contact"),
          _("Daarvan: waarin iemand het huishouden sprak.")),
    Total("cases_accepted", _("Zaken met hulp"),
          _("Daarvan: waarin het huishouden hulp aannam.")),
    Total("attempts_attempted", _("Contactpogingen"),
          _("Brieven, telefoontjes, huisbezoeken en andere pogingen.")),
    Total("attempts_reached", _("Geslaagde contactpogingen"),
          _("Pogingen waarin iemand werd bereikt.")),
    Total("evictions_announced", _("Ontruimingen aangezegd"),
          _("Ontruimingen, naar de maand waarin elke voor het eerst werd gemeld.")),
    Total("evictions_called_off", _("Ontruimingen afgelast"),
          _("Daarvan: afgelast. Of dat door hulp kwam, is niet bekend.")),
    Total("evictions_carried_out", _("Ontruimingen uitgevoerd"), _("Daarvan: uitgevoerd.")),
)  # fmt: skip


def totals_of(told: Figures) -> dict[str, Figure]:
    """The totals of some months, as the monitor shows them."""
    return dict(_totals(told))


def _totals(told: Figures) -> Iterator[tuple[str, Figure]]:
    for one in TOTALS:
        group, _, name = one.name.partition("_")
        yield one.name, getattr(getattr(told, group), name)

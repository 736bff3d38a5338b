"""What a partner is known by here: agreements, limits, names to sign in with; never a secret."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.signals.api import BATCH_BYTES_MAX, BATCH_EVENTS_MAX
from services.signals.keys import as_jwk
from services.signals.limits import PARTNER_UPLOADS_MAX
from services.signals.pages.desk import At, Partner, municipality_names
from services.signals.receipts import oldest_shown
from services.signals.sql import partners as partner_sql
from services.signals.tables import ROWS_MAX
from services.signals.uploads import UPLOAD_BYTES_MAX
from shared import clock, topology
from shared.contracts.envelope import INTAKE_EXCHANGE
from shared.web.problems import Problem

router = APIRouter(include_in_schema=False)


@router.get("/partner/keys")
async def show_keys(request: Request, desk: At, who: Partner) -> Response:
    """What there is of keys and agreements, how to have them changed, and what verifies."""
    async with desk.front.database() as connection:
        profile = await partner_sql.load_profile(connection, who.id)
        partner = (await partner_sql.load_partners(connection, [who.id])).get(who.id)
        keys = await partner_sql.list_keys(connection, oldest_shown(clock.now()))
        policies = await desk.archive.shelf.current(connection)
    if profile is None or partner is None:
        raise Problem(403, "Your organisation is not known here: ask the municipality.")
    agreements = sorted(partner.agreements, key=lambda one: (one.municipality, one.legal_ground))
    concerned = {one.municipality for one in agreements}
    return desk.shell.page(
        request,
        "keys.html",
        profile=profile,
        partner=partner,
        agreements=agreements,
        municipalities=municipality_names(policies),
        today=clock.today(),
        exchange=INTAKE_EXCHANGE,
        feedback=topology.feedback_queue(who.id) if partner.wants_feedback else "",
        keys=[as_jwk(row) | {"row": row} for row in keys if row["municipality"] in concerned],
        batch_max=BATCH_EVENTS_MAX,
        batch_megabytes_max=BATCH_BYTES_MAX // 1024**2,
        tables_max=PARTNER_UPLOADS_MAX,
        rows_max=ROWS_MAX,
        table_megabytes_max=UPLOAD_BYTES_MAX // 1024**2,
    )

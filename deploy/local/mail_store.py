"""The mails that the gateway took, on disk before the sender hears of it."""

import json
import sqlite3
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from deploy.local.received_mail import CalendarEvent, clean, read
from deploy.local.store_file import StoreFile, last_id, like

PAGE_MAX = 1000
PAGE_BYTES_MAX = 16_000_000

# What is searched comes first: a scan then need not read over the bodies.
_SCHEMA = """
create table if not exists mails (
    id integer primary key autoincrement,
    received_at text not null,
    sender text not null,
    recipients text not null,
    message_id text not null,
    subject text not null,
    calendars text not null,
    headers text not null,
    text text,
    html text,
    raw blob not null
)
"""


class Listed(BaseModel):
    """A mail without its body. `sender` and `recipients` are the envelope's."""

    model_config = ConfigDict(frozen=True)

    id: int
    received_at: AwareDatetime
    sender: str
    recipients: list[str]
    message_id: str
    subject: str
    calendars: list[CalendarEvent]
    headers: dict[str, str]


class Mail(Listed):
    """A mail; `headers` are our services' own, `X-Voordeur-…`."""

    text: str | None
    html: str | None


class MailStore:
    """The mails in the gateway's file. Every method may be called from any thread."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        file.create(_SCHEMA)

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> int:
        """Store a mail and return its id; once back it survives a power cut."""
        contents = read(raw)
        calendars = [event.model_dump() for event in contents.calendar_events]
        row = (
            datetime.now(UTC).isoformat(),  # when it really came, also where the clock is stepped
            clean(sender),
            json.dumps([clean(one) for one in recipients], ensure_ascii=False),
            contents.header("message-id"),
            contents.header("subject"),
            json.dumps(calendars),
            json.dumps(contents.own_headers),
            contents.text,
            contents.html,
            raw,
        )
        with self._file.transaction() as cursor:
            cursor.execute(
                """
                insert into mails (received_at, sender, recipients, message_id, subject, calendars,
                                   headers, text, html, raw)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                row,
            )
            return last_id(cursor)

    def list_after(self, after: int, limit: int, message_id: str | None = None) -> list[Mail]:
        """Mails with a higher id, oldest first; fewer than asked for when they are large."""
        rows = self._file.rows(
            """
            select id, received_at, sender, recipients, message_id, subject, calendars, headers,
                   text, html
            from (
                select id, received_at, sender, recipients, message_id, subject, calendars, headers,
                       text, html, sum(length(raw)) over (order by id) - length(raw) as bytes_before
                from (
                    select * from mails
                    where id > ?1 and message_id = coalesce(?2, message_id)
                    order by id limit ?3
                )
            )
            where bytes_before < ?4
            order by id
            """,
            (after, message_id, min(limit, PAGE_MAX), PAGE_BYTES_MAX),
        )
        return [Mail.model_validate(_decoded(row)) for row in rows]

    def list_newest(self, search: str, before: int | None, limit: int) -> list[Listed]:
        """Mails with a lower id, newest first, that have this text in id, recipient or subject."""
        rows = self._file.rows(
            """
            select id, received_at, sender, recipients, message_id, subject, calendars, headers
            from mails
            where (message_id like ?1 escape '\\'
                   or recipients like ?1 escape '\\'
                   or subject like ?1 escape '\\')
              and id < coalesce(?2, id + 1)
            order by id desc
            limit ?3
            """,
            (like(search), before, min(limit, PAGE_MAX)),
        )
        return [Listed.model_validate(_decoded(row)) for row in rows]

    def load(self, mail_id: int) -> Mail | None:
        """One mail."""
        rows = self._file.rows(
            """
            select id, received_at, sender, recipients, message_id, subject, calendars, headers,
                   text, html
            from mails
            where id = ?
            """,
            (mail_id,),
        )
        return Mail.model_validate(_decoded(rows[0])) if rows else None

    def load_raw(self, mail_id: int) -> bytes | None:
        """One mail as it came, byte by byte."""
        rows = self._file.rows("select raw from mails where id = ?", (mail_id,))
        return bytes(rows[0]["raw"]) if rows else None

    def count(self) -> int:
        """How many there are: ids have no gaps, for nothing is deleted."""
        return int(self._file.rows("select coalesce(max(id), 0) as count from mails")[0]["count"])


def _decoded(row: sqlite3.Row) -> dict[str, object]:
    decoded = {name: json.loads(row[name]) for name in ("recipients", "calendars", "headers")}
    return {**dict(row), **decoded}

"""The notifications that the gateway took: what, to whom, what became of it, what was called back.

Statuses and callbacks are written when a notification is taken, each with its moment: what has a
moment to come has not happened yet.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, computed_field

from deploy.local.notify_deliveries import Plan
from deploy.local.notify_requests import Kind, Wanted
from deploy.local.received_mail import clean
from deploy.local.store_file import StoreFile, last_id, like
from deploy.local.text_segments import segments

_SCHEMA = """
create table if not exists notifications (
    number integer primary key autoincrement,
    id text not null unique,
    created_at text not null,
    kind text not null,
    recipient text not null,
    reference text,
    template_id text not null,
    sender text,
    subject text,
    text text not null,
    address text not null
);
create index if not exists notification_reference on notifications (reference);
create table if not exists statuses (
    notification integer not null references notifications,
    status text not null,
    at text not null
);
create index if not exists status_notification on statuses (notification, at);
create table if not exists callbacks (
    id integer primary key autoincrement,
    notification integer not null references notifications,
    status text not null,
    status_at text not null,
    due_at text not null,
    state text not null
);
create index if not exists callback_notification on callbacks (notification);
create index if not exists callback_due on callbacks (due_at) where state = 'waiting';
create table if not exists attempts (
    callback integer not null references callbacks,
    at text not null,
    answer text not null
);
create index if not exists attempt_callback on attempts (callback);
"""
_STATUS_NOW = """
    (select status from statuses where notification = number and at <= ?1
     order by at desc, rowid desc limit 1)"""
_COLUMNS = """
    number, id, created_at, kind, recipient as "to", reference, template_id, sender, subject, text,
    address"""

T = TypeVar("T")
State = Literal["waiting", "answered", "given_up", "lost"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class Status(_Row):
    """A status and its moment."""

    status: str
    at: AwareDatetime


class Attempt(_Row):
    """One try to call back: the status that was answered, or what went wrong."""

    at: AwareDatetime
    answer: str


class Callback(_Row):
    """What is told of a status; `due_at` is when it is tried (again)."""

    status: str
    due_at: AwareDatetime
    state: State
    attempts: list[Attempt]


class Notification(_Row):
    """A notification, as it is now. `number` counts from 1, `id` is what the API calls it.

    `to` is the number or address as it was sent, a letter's lines joined by line feeds.
    """

    number: int
    id: str
    created_at: AwareDatetime
    kind: Kind
    to: str
    reference: str | None
    template_id: str
    sender: str | None
    subject: str | None
    text: str
    address: list[str | None]
    encoding: str | None
    segments: int | None
    history: list[Status]
    callbacks: list[Callback]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def status(self) -> str:
        """The last status, in the API's words."""
        return shown_status(self.kind, self.history[-1].status)

    def moment_of(self, *statuses: str) -> datetime | None:
        """When it got the last of these statuses; None: not yet."""
        return next((one.at for one in reversed(self.history) if one.status in statuses), None)


@dataclass(frozen=True)
class Due:
    """A callback that is to be tried now."""

    id: int
    status: str
    status_at: datetime
    attempts: int
    notification: Notification


def shown_status(kind: Kind, status: str) -> str:
    """What look-ups call a status: letters have words of their own."""
    letters = {"created": "accepted", "sending": "accepted", "delivered": "received"}
    return letters.get(status, status) if kind == "letter" else status


class NotificationStore:
    """The notifications in the gateway's file. Every method may be called from any thread."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        file.create(_SCHEMA)

    def keep(self, notification_id: str, wanted: Wanted, sender: str | None, plan: Plan) -> None:
        """Store a notification and all that will become of it; it survives a power cut."""
        created_at = plan.changes[0].at.isoformat()
        with self._file.transaction() as cursor:
            cursor.execute(
                """
                insert into notifications (id, created_at, kind, recipient, reference, template_id,
                                           sender, subject, text, address)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (
                    *(notification_id, created_at, wanted.kind, clean(wanted.to)),
                    *(wanted.reference and clean(wanted.reference), wanted.template.id, sender),
                    *(wanted.subject and clean(wanted.subject), clean(wanted.text)),
                    json.dumps(wanted.address),
                ),
            )
            number = last_id(cursor)
            cursor.executemany(
                "insert into statuses (notification, status, at) values (?, ?, ?)",
                [(number, one.status, one.at.isoformat()) for one in plan.changes],
            )
            cursor.executemany(
                """
                insert into callbacks (notification, status, status_at, due_at, state)
                values (?, ?, ?, ?, ?)
                """,
                [
                    (
                        *(number, one.about.status, one.about.at.isoformat()),
                        *(one.due_at.isoformat(), "lost" if one.is_lost else "waiting"),
                    )
                    for one in plan.calls
                ],
            )

    def load(self, notification_id: str) -> Notification | None:
        """One notification."""
        rows = self._file.rows(
            f"select {_COLUMNS} from notifications where id = ?",  # noqa: S608 - our own columns
            (notification_id,),
        )
        return next(iter(self._whole(rows)), None)

    def list_after(self, after: int, limit: int, reference: str | None) -> list[Notification]:
        """Notifications with a higher number, oldest first; perhaps only with a reference."""
        rows = self._file.rows(
            f"""
            select {_COLUMNS} from notifications
            where number > ?1 and (?2 is null or reference = ?2)
            order by number
            limit ?3
            """,  # noqa: S608 - our own columns
            (after, reference, limit),
        )
        return self._whole(rows)

    def list_newest(self, search: str, before: int | None, limit: int) -> list[Notification]:
        """Notifications with a lower number, newest first, with this text in what is shown."""
        rows = self._file.rows(
            f"""
            select {_COLUMNS} from notifications
            where (id like ?1 escape '\\' or recipient like ?1 escape '\\'
                   or reference like ?1 escape '\\' or text like ?1 escape '\\'
                   or subject like ?1 escape '\\')
              and number < coalesce(?2, number + 1)
            order by number desc
            limit ?3
            """,  # noqa: S608 - our own columns
            (like(search), before, limit),
        )
        return self._whole(rows)

    def look_up(
        self,
        *,
        reference: str | None,
        statuses: Collection[str],
        kinds: Collection[str],
        older_than: str | None,
        limit: int,
    ) -> list[Notification]:
        """What the API finds, newest first; no (raw) statuses or no kinds: all."""
        rows = self._file.rows(
            f"""
            select {_COLUMNS} from notifications
            where (?2 is null or reference = ?2)
              and (?3 = '[]' or kind in (select value from json_each(?3)))
              and (?4 is null or number < (select number from notifications where id = ?4))
              and (?5 = '[]' or {_STATUS_NOW} in (select value from json_each(?5)))
            order by number desc
            limit ?6
            """,  # noqa: S608 - our own columns
            (_now(), reference, json.dumps(list(kinds)), older_than, json.dumps(list(statuses)),
             limit),
        )  # fmt: skip
        return self._whole(rows)

    def count(self) -> int:
        """How many there are: nothing is deleted."""
        statement = "select coalesce(max(number), 0) as count from notifications"
        return int(self._file.rows(statement)[0]["count"])

    def list_due(self, limit: int) -> list[Due]:
        """Callbacks whose moment has come."""
        rows = self._file.rows(
            """
            select id, notification, status, status_at,
              (select count(*) from attempts where callback = callbacks.id) as attempts
            from callbacks
            where state = 'waiting' and due_at <= ?
            order by due_at, id
            limit ?
            """,
            (_now(), limit),
        )
        if not rows:
            return []
        told = self._file.rows(
            f"""
            select {_COLUMNS} from notifications
            where number in (select value from json_each(?))
            """,  # noqa: S608 - our own columns
            (json.dumps([row["notification"] for row in rows]),),
        )
        by_number = {one.number: one for one in self._whole(told)}
        return [
            Due(
                row["id"],
                row["status"],
                datetime.fromisoformat(row["status_at"]),
                row["attempts"],
                by_number[row["notification"]],
            )
            for row in rows
        ]

    def save_attempt(self, callback_id: int, answer: str, state: State, again_at: datetime) -> None:
        """Note what came of a try, and what state that leaves the callback in."""
        with self._file.transaction() as cursor:
            cursor.execute(
                "insert into attempts (callback, at, answer) values (?, ?, ?)",
                (callback_id, _now(), answer),
            )
            cursor.execute(
                "update callbacks set state = ?, due_at = ? where id = ?",
                (state, again_at.isoformat(), callback_id),
            )

    def _whole(self, rows: Sequence[sqlite3.Row]) -> list[Notification]:
        numbers = json.dumps([row["number"] for row in rows])
        histories, callbacks = self._histories(numbers), self._callbacks(numbers)
        return [
            Notification(
                **{**dict(row), "address": json.loads(row["address"])},
                **_size(row),
                history=histories[row["number"]],
                callbacks=callbacks[row["number"]],
            )
            for row in rows
        ]

    def _histories(self, numbers: str) -> dict[int, list[Status]]:
        rows = self._file.rows(
            """
            select notification, status, at from statuses
            where notification in (select value from json_each(?1)) and at <= ?2
            order by at, rowid
            """,
            (numbers, _now()),
        )
        return _grouped((row["notification"], Status(**dict(row))) for row in rows)

    def _callbacks(self, numbers: str) -> dict[int, list[Callback]]:
        which = "select value from json_each(?1)"
        attempts = _grouped(
            (row["callback"], Attempt(**dict(row)))
            for row in self._file.rows(
                f"""
                select callback, at, answer from attempts
                where callback in (select id from callbacks where notification in ({which}))
                order by rowid
                """,  # noqa: S608 - no value in it
                (numbers,),
            )
        )
        rows = self._file.rows(
            f"""
            select id, notification, status, due_at, state from callbacks
            where notification in ({which})
            order by due_at, id
            """,  # noqa: S608 - no value in it
            (numbers,),
        )
        return _grouped(
            (row["notification"], Callback(**dict(row), attempts=attempts[row["id"]]))
            for row in rows
        )


def _grouped(pairs: Iterable[tuple[int, T]]) -> dict[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for key, one in pairs:
        groups[key].append(one)
    return groups


def _size(row: sqlite3.Row) -> dict[str, object]:
    if row["kind"] != "sms":
        return {"encoding": None, "segments": None}
    counted = segments(row["text"])
    return {"encoding": counted.encoding, "segments": counted.count}


def _now() -> str:
    # When it really is, also where the clock is stepped.
    return datetime.now(UTC).isoformat()

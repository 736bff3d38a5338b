-- Indexes are made in the transaction, not concurrently: before the first release no table is long.

-- An event's id counts within its source, and a source names a KvK number: two partners with one
-- number would share ids.
-- squawk-ignore require-concurrent-index-creation
create unique index partner_kvk on partner (kvk);

-- HMAC of the JCS form, under a key that the database does not have: it tells another body under a
-- known id apart once body and salt were purged.
alter table event add column fingerprint bytea;

-- Refusals are read from a cursor as events are, and go some time after they were last seen.
alter table refusal add column told_in xid8;
alter table refusal alter column told_in set default pg_current_xact_id();
alter table refusal add column seen_at timestamptz;
update refusal set seen_at = received_at;
-- squawk-ignore require-concurrent-index-creation
create index refusal_told on refusal (partner_id, told_in, id);
-- squawk-ignore require-concurrent-index-creation
create index refusal_seen on refusal (seen_at);

-- When triage recorded what became of an event: of statuses without a number the latest holds.
alter table status add column decided_at timestamptz;
update status set decided_at = recorded_at;
-- squawk-ignore require-concurrent-index-creation
create index status_recorded on status (recorded_at);

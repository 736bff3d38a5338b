-- The index is made in the transaction, not concurrently: before the first release no table is long.

-- A household asked to be forgotten, or should never have been here. The row stays, as of a purged
-- event: its id takes no effect twice. What triage still says of it is not kept.
alter table event add column erased_at timestamptz;
-- squawk-ignore require-concurrent-index-creation
create index event_erased on event (fact_id) where erased_at is not null;

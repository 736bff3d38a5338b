-- Indexes are made in the transaction, not concurrently: before the first release no table is long.
-- Nobody but this service reads them, so a column may begin to be empty.

-- Who to call, how much a partner may send, and how it signs in over HTTP. Secrets are random and
-- long, so one round of SHA-256 is enough.
alter table partner add column contact text not null default '';
alter table partner add column requests_per_minute integer not null default 600;
alter table partner add column api_key_hash bytea;
alter table partner add column client_secret_hash bytea;
-- squawk-ignore require-concurrent-index-creation
create unique index partner_api_key on partner (api_key_hash);

create table access_token (
  token_hash bytea primary key,
  partner_id text not null references partner,
  expires_at timestamptz not null
);
create index access_token_expiry on access_token (expires_at);

-- A municipality signs with one key at a time. Retired: the private half is gone, the public half
-- stays for those who verify.
create table signing_key (
  kid          text primary key,
  municipality text not null,
  public       jsonb not null,
  sealed       bytea,
  made_at      timestamptz not null,
  retired_at   timestamptz,
  check ((sealed is null) = (retired_at is not null))
);
create unique index signing_key_active on signing_key (municipality) where retired_at is null;

-- The receipt, and what it is about: content_hash is SHA-256 of salt and JCS form from now on. A
-- purged event keeps the row (its id takes no effect twice) and loses body and salt: without the
-- salt nobody can try names and addresses against the hash.
alter table event add column salt bytea;
alter table event add column receipt text;
alter table event add column purged_at timestamptz;
-- squawk-ignore ban-drop-not-null
alter table event alter column document drop not null;
-- The transaction that wrote the row: who reads on from a cursor misses no one that committed late.
alter table event add column told_in xid8;
alter table event alter column told_in set default pg_current_xact_id();
-- squawk-ignore require-concurrent-index-creation
create index event_told on event (partner_id, told_in, fact_id);
-- squawk-ignore require-concurrent-index-creation
create index event_own_id on event (partner_id, event_id);
-- squawk-ignore require-concurrent-index-creation
create index event_body on event (received_at) where document is not null;

alter table status add column until date;
alter table status add column partner_id text;
alter table status add column told_in xid8;
alter table status alter column told_in set default pg_current_xact_id();
-- squawk-ignore require-concurrent-index-creation
create index status_told on status (partner_id, told_in, fact_id);

-- What was purged, when, and under which policy.
create table purge (
  at            timestamptz not null,
  municipality  text not null,
  received_before timestamptz not null,
  bodies        bigint not null,
  policy_sha256 text not null,
  primary key (at, municipality)
);

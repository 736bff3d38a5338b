-- The plumbing of a service: see shared/inbox.py, shared/outbox.py, shared/waiting.py.
create table inbox (
  event_id   uuid primary key,
  queue      text not null,
  body_hash  bytea not null,
  handled_at timestamptz not null default now()
);
create index inbox_handled_at on inbox using brin (handled_at);

create table outbox (
  id          bigint generated always as identity primary key,
  event_id    uuid not null,
  exchange    text not null,
  routing_key text not null,
  lane        text not null check (lane in ('bulk', 'urgent')),
  body        bytea not null,
  lease_until timestamptz not null,
  attempts    int not null default 0,
  stored_at   timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table waiting (
  queue      text not null,
  key        text not null,
  body       bytea not null,
  properties jsonb not null,
  state      text not null check (state in ('later', 'parked')),
  attempts   int not null default 0,
  fault      text not null,
  due_at     timestamptz not null,
  first_at   timestamptz not null default now(),
  last_at    timestamptz not null default now(),
  primary key (queue, key)
);
create index waiting_due on waiting (due_at) where state = 'later';

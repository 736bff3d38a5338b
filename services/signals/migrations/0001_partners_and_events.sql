-- Who may report what.
create table partner (
  id             text primary key check (id ~ '^[a-z][a-z0-9-]{1,40}$'), -- its user at the broker
  name           text not null,
  kvk            text not null check (kvk ~ '^[0-9]{8}$'),
  kinds          text[] not null,
  wants_feedback boolean not null default false,
  suspended_at   timestamptz
);

create table agreement (
  partner_id   text not null references partner,
  municipality text not null,
  legal_ground text not null,
  valid_from   date not null,
  valid_until  date,
  primary key (partner_id, municipality, legal_ground, valid_from)
);

-- Accepted events. This is also the inbox of the partners' queues: a known id takes no effect twice.
create table event (
  fact_id      uuid primary key, -- derived from the partner's source and id
  partner_id   text not null,
  source       text not null,
  event_id     text not null,
  event_type   text not null,
  municipality text not null,
  reported_on  date not null,
  received_at  timestamptz not null,
  times_seen   int not null default 1,
  content_hash bytea not null,
  unknown      text[] not null,  -- names of fields that were sent and not kept
  document     bytea not null    -- as accepted; holds personal data
);

-- Refused events: id, partner, time, hash and faults; nothing of what they said.
create table refusal (
  id          uuid primary key, -- derived from partner and hash
  partner_id  text,
  event_id    text,
  message_id  text,
  body_hash   bytea not null,
  faults      jsonb not null,
  received_at timestamptz not null,
  times_seen  int not null default 1
);
create index refusal_event_id on refusal (event_id);

-- What became of a signal, as far as its partner may know; rows are only added.
create table status (
  fact_id     uuid not null,
  event_id    uuid not null, -- of triage's event
  status_no   int,           -- the highest holds; null for what does not correct anything
  status      text not null,
  recorded_at timestamptz not null,
  primary key (fact_id, event_id)
);

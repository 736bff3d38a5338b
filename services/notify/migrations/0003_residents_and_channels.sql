-- What was there before went by mail to workers, so the old rows are right as they are.
-- squawk-ignore-file disallowed-unique-constraint, adding-field-with-default, adding-not-nullable-field, constraint-missing-not-valid, ban-drop-constraint, require-concurrent-index-creation, require-concurrent-index-deletion, adding-serial-primary-key-field
alter table case_file
  add column household_id uuid,       -- null of cases told of before
  add column is_confirmed boolean not null default false,
  add column paused_until date,
  add column track text not null default '',
  add column restrictions text[] not null default '{}';
create index case_file_household on case_file (household_id);

-- How to reach the household of a case, as triage last told. Personal data; goes with the case.
create table resident (
  case_id      uuid primary key,
  revision     int not null,
  name         text not null,
  postcode     text not null,
  house_number int not null,
  suffix       text not null,
  phone        text,
  email        text,
  language     text,
  is_verified  boolean not null
);

-- What a household asked of how we write to it. Goes with the last of its cases.
create table wishes (
  household_id   uuid primary key,
  has_opted_out  boolean not null default false,
  wrong_contacts text[] not null default '{}', -- numbers and mail addresses that are not theirs
  changed_at     timestamptz not null
);

alter table alert
  drop constraint alert_recipient_role_check,
  drop constraint alert_state_check,
  add column intent uuid,             -- null of alerts from before: each its own
  add column channel text not null default 'mail' check (channel in ('mail', 'sms', 'letter')),
  add column gateway_id text,         -- by which the gateway knows it
  add constraint alert_roles check (recipient_role in ('assignee', 'lead', 'second', 'resident')),
  add constraint alert_states check (state in ('scheduled', 'claimed', 'sent', 'delivered',
    'superseded', 'stopped', 'failed', 'unknown', 'held', 'shadowed'));
drop index alert_due; -- a whole town's digests are due at one instant: in the order of claims
create index alert_due on alert (due_at, bundle, id) where state in ('scheduled', 'claimed');
create unique index alert_intent on alert (intent) -- at most once to a resident
  where recipient_role = 'resident' and state in ('claimed', 'sent', 'delivered', 'unknown');
alter table attempt add column text_version text; -- of the template it was written by
create index alert_gateway on alert (gateway_id) where gateway_id is not null;
create index alert_to_residents on alert (changed_at)
  where recipient_role = 'resident' and state in ('sent', 'delivered', 'unknown');
create index alert_for_a_person on alert (due_at) where state in ('held', 'unknown');

-- How far messages to residents go. Rows are only added; the newest of each holds.
create table live_mode (
  id           bigint generated always as identity primary key,
  municipality text not null,
  channel      text not null check (channel in ('mail', 'sms', 'letter')),
  mode         text not null check (mode in ('off', 'shadow', 'guests', 'live')),
  changed_by   text not null,
  reason       text not null,
  changed_at   timestamptz not null
);
create index live_mode_newest on live_mode (municipality, channel, id desc);

create table guest (
  municipality text not null,
  contact      text not null, -- a number as E.164, or a mail address
  added_by     text not null,
  added_at     timestamptz not null,
  primary key (municipality, contact)
);

-- The one switch: all messages to residents stop now. Rows are only added; the newest holds.
create table stop_switch (
  id         bigint generated always as identity primary key,
  is_stopped boolean not null,
  changed_by text not null,
  reason     text not null,
  changed_at timestamptz not null
);

-- When triage was last heard of, real time: one row.
create table triage_alive (
  only_one boolean primary key default true check (only_one),
  said_at  timestamptz not null
);

-- By which a resident answers a message, without signing in. Only the hash of the link is kept.
create table reply_link (
  token_hash bytea primary key,
  alert_id   uuid not null,
  case_id    uuid not null,
  made_at    timestamptz not null
);
create index reply_link_case on reply_link (case_id);

-- What residents answered.
create table reply (
  id        uuid primary key,
  alert_id  uuid not null,
  case_id   uuid not null,
  answer    text not null check (answer in ('other_time', 'not_me', 'no_messages', 'call_me')),
  given_at  timestamptz not null
);
create index reply_case on reply (case_id);

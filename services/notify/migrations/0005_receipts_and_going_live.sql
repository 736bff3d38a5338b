-- Tables of their own, or small ones and columns that are null of what was there before.
-- squawk-ignore-file adding-serial-primary-key-field, constraint-missing-not-valid
-- What NotifyNL told of messages after it had taken them, also what came too late to matter.
create table receipt (
  alert_id     uuid not null,
  gateway_id   text not null,
  status       text not null
    check (status in ('delivered', 'permanent-failure', 'temporary-failure', 'technical-failure')),
  completed_at timestamptz,
  received_at  timestamptz not null,
  primary key (alert_id, gateway_id, status)
);

-- What people decided of alerts that were held, or of which nobody knew. Rows are only added.
create table alert_decision (
  id         bigint generated always as identity primary key,
  alert_id   uuid not null,
  case_id    uuid not null,
  decision   text not null check (decision in ('send', 'drop', 'arrived', 'not_arrived')),
  decided_by text not null,
  reason     text not null,
  decided_at timestamptz not null
);
create index alert_decision_case on alert_decision (case_id);
alter table alert
  add column decision text -- the last of those; null: none
    constraint alert_decisions check (decision in ('send', 'drop', 'arrived', 'not_arrived'));

-- Who changed what a household asked for, and why. Rows are only added; they go with the wishes.
create table wishes_change (
  id             bigint generated always as identity primary key,
  household_id   uuid not null,
  has_opted_out  boolean not null,
  wrong_contacts text[] not null,
  changed_by     text not null,
  reason         text not null,
  changed_at     timestamptz not null
);
create index wishes_change_household on wishes_change (household_id);

-- Who changed the guests of a municipality, and why. Rows are only added.
create table guests_change (
  id           bigint generated always as identity primary key,
  municipality text not null,
  guests       int not null, -- how many there were after it
  changed_by   text not null,
  reason       text not null,
  changed_at   timestamptz not null
);

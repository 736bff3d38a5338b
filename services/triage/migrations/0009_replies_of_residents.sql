-- What residents answered to messages: triage's own copy of what notify says.
create table resident_reply (
  id       uuid primary key,
  case_id  uuid not null,
  alert_id uuid not null,
  answer   text not null check (answer in ('other_time', 'not_me', 'no_messages', 'call_me')),
  given_at timestamptz not null
);
create index resident_reply_case on resident_reply (case_id);

-- notify's copy of a case: the newest that triage told, by revision.
create table case_file (
  case_id        uuid primary key,
  municipality   text not null,
  reference      text not null,
  revision       int not null,
  is_open        boolean not null,
  has_objection  boolean not null,
  assignee_id    text not null,
  assignee_name  text not null,
  assignee_email text not null,
  assignee_role  text not null,
  lead_id        text not null,
  lead_name      text not null,
  lead_email     text not null
);

-- What alerts are about: an assignment, a visit, a hearing, …; the newest revision of each.
create table subject (
  case_id   uuid not null,
  kind      text not null,
  key       uuid not null,
  revision  int not null,
  state     text not null check (state in ('holds', 'cancelled', 'over')),
  is_urgent boolean not null,
  at        timestamptz,
  ends_at   timestamptz,
  details   jsonb not null,
  primary key (case_id, kind, key)
);

create table alert (
  id               uuid primary key, -- derived from what it says and to whom
  case_id          uuid not null,
  kind             text not null,
  key              uuid not null,
  subject_revision int not null,
  template         text not null,
  recipient_id     text not null,
  recipient_role   text not null check (recipient_role in ('assignee', 'lead')),
  due_at           timestamptz not null,
  expires_at       timestamptz, -- after this it is of no use
  bundle           text,        -- alerts of one bundle go out as one mail
  state            text not null
    check (state in ('scheduled', 'claimed', 'sent', 'superseded', 'stopped', 'failed')),
  reason           text not null default '',
  policy_sha256    text not null,
  scheduled_at     timestamptz not null,
  changed_at       timestamptz not null,
  attempts         int not null default 0,
  message_id       text,        -- of the mail, once it was claimed; the same when sent again
  free_at          timestamptz not null -- real time: end of a pause or of a claim
);
create index alert_due on alert (due_at) where state in ('scheduled', 'claimed');
create index alert_case on alert (case_id);

create table attempt (
  alert_id    uuid not null,
  attempt_no  int not null,
  message_id  text not null,
  claimed_at  timestamptz not null,
  outcome     text check (outcome in ('accepted', 'temporary', 'permanent', 'unknown')),
  answer      text,
  answered_at timestamptz,
  primary key (alert_id, attempt_no)
);

-- The roster: who can be assigned to.
create table team (
  id           text primary key,
  municipality text not null,
  name         text not null,
  districts    text[] not null, -- four digits of the postcode
  lead_id      text not null
);
create index team_municipality on team (municipality);

create table worker (
  id              text primary key,
  team_id         text not null references team,
  name            text not null,
  email           text not null,
  role            text not null check (role in ('generalist', 'lead')),
  languages       text[] not null default '{}',
  load_tenths     int not null default 0, -- weights of the open cases; equals their sum
  load_max_tenths int not null,
  absent_from     date,
  absent_until    date,
  left_on         date,
  token_hash      bytea unique
);
create index worker_team on worker (team_id);

-- An address is what a door locks: all that is known of its households hangs on it.
create table address (
  id           uuid primary key, -- derived from the other columns
  municipality text not null,
  postcode     text not null,
  house_number int not null,
  suffix       text not null,    -- letter and addition, in one spelling
  bag_id       text              -- an alias, never the key
);

create table household (
  id            uuid primary key,
  address_id    uuid not null,
  since         date not null  -- -infinity when no start is known
);
create index household_address on household (address_id);

create table household_case (
  id            uuid primary key,
  household_id  uuid not null,
  address_id    uuid not null,
  municipality  text not null,
  reference     text not null,
  revision      int not null,
  is_open       boolean not null,
  opened_on     date not null,
  opened_at     timestamptz not null,
  closed_reason text,
  track         text not null check (track in ('letter', 'visit', 'legal')),
  track_since   date not null,
  priority      int not null,
  legal_stage   text not null,
  is_multiple   boolean not null,
  is_consecutive boolean not null,
  has_objection boolean not null,
  was_reached   boolean not null default false,
  assignee_id   text not null,
  lead_id       text not null,
  answer        text not null check (answer in ('awaited', 'not_asked', 'accepted', 'declined')),
  weight_tenths int not null,
  reason        text not null
);
create unique index household_case_open on household_case (household_id) where is_open;
create index household_case_address on household_case (address_id);
create index household_case_assignee on household_case (assignee_id) where is_open;

-- What partners reported. Holds personal data.
create table signal (
  id            uuid primary key, -- the fact id that signals gave
  address_id    uuid not null,
  household_id  uuid not null,
  partner_id    text not null,
  partner_kind  text not null,
  contract      text not null,
  arrears_cents bigint not null,
  arrears_since date not null,
  reported_on   date not null,
  recorded_at   timestamptz not null,
  is_crisis     boolean not null,
  is_warm_handover boolean not null,
  tenancy_start date,
  surname       text not null,
  surname_infix text not null,
  initials      text not null,
  birth_date    date,
  phone         text, -- unverified
  email         text, -- unverified
  language      text,
  received_at   timestamptz not null
);
create index signal_address on signal (address_id);

create table fact (
  id           uuid primary key,
  address_id   uuid not null,
  household_id uuid not null,
  kind         text not null,
  partner_id   text not null,
  contract     text not null,
  reported_on  date not null,
  recorded_at  timestamptz not null,
  sequence     bigint,
  refers_to    uuid,
  court        text not null,
  case_number  text not null,
  detail       text not null,
  place        text not null,
  at           timestamptz,
  day          date,
  received_at  timestamptz not null
);
create index fact_address on fact (address_id);

-- What was decided. Rows are only added: a correction is a further row.
create table signal_status (
  signal_id     uuid not null,
  status_no     int not null,
  status        text not null,
  decided_at    timestamptz not null,
  policy_sha256 text not null,
  primary key (signal_id, status_no)
);

create table decision (
  case_id       uuid not null,
  revision      int not null,
  decided_at    timestamptz not null,
  policy_sha256 text not null,
  facts         jsonb not null,  -- what the rules were asked of
  fired         text[] not null, -- rules that fired, the heaviest first
  failed        text[] not null, -- rules that could not be evaluated: a person decides
  track         text not null,
  priority      int not null,
  reason        text not null,
  primary key (case_id, revision)
);

create table assignment (
  case_id     uuid not null,
  revision    int not null,
  assignee_id text not null,
  reason      text not null,
  assigned_at timestamptz not null,
  primary key (case_id, revision)
);

create table assignment_answer (
  case_id     uuid not null,
  revision    int not null,
  assignee_id text not null,
  answer      text not null check (answer in ('accepted', 'declined')),
  reason      text not null,
  answered_at timestamptz not null,
  primary key (case_id, revision)
);

-- Where things stand; derived from the facts, kept to see what changed.
create table legal_step (
  case_id     uuid not null,
  kind        text not null,
  key         uuid not null, -- of court, case number and kind of hearing
  state       text not null,
  court       text not null,
  case_number text not null,
  detail      text not null,
  place       text not null,
  at          timestamptz,
  day         date,
  is_disputed boolean not null,
  revision    int not null,
  primary key (case_id, kind, key)
);

create table deadline (
  case_id       uuid not null,
  name          text not null,
  starts_on     date not null,
  due_on        date not null,
  policy_sha256 text not null,
  met_at        timestamptz,
  primary key (case_id, name)
);

-- What workers did.
create table visit (
  id         uuid primary key,
  case_id    uuid not null,
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  state      text not null check (state in ('planned', 'cancelled', 'made')),
  planned_by text not null,
  changed_at timestamptz not null
);
create index visit_case on visit (case_id);

create table visit_change (
  visit_id   uuid not null,
  revision   int not null, -- of the case
  what       text not null check (what in ('planned', 'moved', 'cancelled', 'made')),
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (visit_id, revision)
);

create table contact_attempt (
  id           uuid primary key,
  case_id      uuid not null,
  visit_id     uuid,
  kind         text not null,
  part_of_day  text not null,
  was_reached  boolean not null,
  attempted_at timestamptz not null,
  recorded_by  text not null,
  recorded_at  timestamptz not null
);
create index contact_attempt_case on contact_attempt (case_id);

-- What notify says of alerts: triage's own copy.
create table alert_log (
  alert_id     uuid not null,
  case_id      uuid not null,
  what         text not null check (what in ('sent', 'failed', 'stopped')),
  template     text not null,
  recipient_id text not null,
  reason       text not null,
  at           timestamptz not null,
  primary key (alert_id, what)
);
create index alert_log_case on alert_log (case_id);

-- A command is taken once: its answer is kept by its key.
create table command (
  actor        text not null,
  key          text not null,
  request_hash bytea not null,
  status       int,
  answer       jsonb,
  taken_at     timestamptz not null,
  primary key (actor, key)
);

-- No installation has filled these tables yet, so what locks or scans them does no harm.
-- squawk-ignore-file require-concurrent-index-creation, adding-serial-primary-key-field, disallowed-unique-constraint, constraint-missing-not-valid, adding-not-nullable-field, ban-drop-column, require-concurrent-index-deletion, ban-drop-constraint, adding-field-with-default
-- A door locks a building, so that every spelling of letter and addition in it is decided together.
create table building (
  municipality text not null,
  postcode     text not null,
  house_number int not null,
  is_multi_let boolean not null default false, -- rooms are let apart: other people, other household
  primary key (municipality, postcode, house_number)
);
insert into building (municipality, postcode, house_number)
select distinct municipality, postcode, house_number from address;
create index address_building on address (municipality, postcode, house_number);
alter table address drop column bag_id; -- never filled: an alias belongs to who reported it

alter table signal
  add column bag_id text,                                  -- an alias, never the key
  add column case_id uuid,                                 -- the closed case that dealt with it
  add column match_reason text not null default '',        -- why it is with this household, in words
  add column is_match_uncertain boolean not null default false; -- its partner hears nothing yet
create index signal_bag on signal (bag_id) where bag_id is not null;
create index signal_household on signal (household_id);

alter table fact
  add column bag_id text,
  add column case_id uuid,
  add column until date,                         -- the last day, of a moratorium
  add column source text not null default '',    -- who says so, of what a worker entered
  add column recorded_by text not null default ''; -- the worker who entered it
create index fact_household on fact (household_id);
create index fact_withdrawn on fact (refers_to) where kind = 'withdrawn';

-- What people decided about who belongs together. Rows are only added, or undone.
create table verdict (
  id           uuid primary key,
  municipality text not null,
  postcode     text not null,
  house_number int not null,
  kind         text not null check (kind in ('together', 'apart', 'as_is')),
  fact_ids     uuid[] not null, -- together: one of each; apart: those to take out; as_is: of it
  reason       text not null,
  made_by      text not null,
  made_at      timestamptz not null,
  undone_by    text,
  undone_at    timestamptz,
  undone_reason text
);
create index verdict_building on verdict (municipality, postcode, house_number);

alter table household
  add column moratorium_said uuid, -- the fact that was announced last
  add column erased_at timestamptz;

alter table household_case
  drop constraint household_case_track_check,
  add column proposed_track text not null default 'letter', -- what the machine says now
  add column proposed_priority int not null default 9,
  add column assigned_on date,
  add column confirmed_by text,       -- null: no person agreed with the track yet
  add column confirmed_at timestamptz,
  add column override_reason text,    -- null: the track is what the machine proposed
  add column help text not null default 'unknown' check (help in ('unknown', 'accepted', 'declined')),
  add column paused_until date,       -- a pause of our own work, with a day to look again
  add column pause_reason text,
  add column reopened_on date,        -- the last time: terms and attempts count from then
  add column closed_on date,
  add column closed_at timestamptz,
  add column closed_by text,
  add column result text;             -- DDAS 1.2 eindresultaat
update household_case
set proposed_track = track, proposed_priority = priority, assigned_on = opened_on;
alter table household_case
  alter column assigned_on set not null,
  add constraint household_case_tracks check (
    track in ('none', 'letter', 'visit', 'legal')
    and proposed_track in ('none', 'letter', 'visit', 'legal'));
create index household_case_household on household_case (household_id);
create index household_case_lead on household_case (lead_id) where is_open;

-- A term: of which clock, from which fact, by when. Met, missed or dropped; never changed in silence.
alter table deadline
  drop constraint deadline_pkey,
  add column id uuid not null default gen_random_uuid(),
  add column clock text not null default 'service' check (clock in ('legal', 'service', 'pause')),
  add column starting_fact text not null default '',
  add column near_on date,
  add column near_said_at timestamptz,
  add column missed_said_at timestamptz,
  add column dropped_at timestamptz; -- what started it no longer holds
update deadline set near_on = due_on;
alter table deadline alter column near_on set not null, add primary key (id);
create unique index deadline_runs on deadline (case_id, name)
  where met_at is null and dropped_at is null;
create index deadline_case on deadline (case_id);
create index deadline_near on deadline (near_on)
  where near_said_at is null and met_at is null and dropped_at is null;
create index deadline_due on deadline (due_on)
  where missed_said_at is null and met_at is null and dropped_at is null;

alter table visit
  add column second_worker_id text,
  add column note text not null default '';
alter table contact_attempt
  add column result text not null default '',
  add column is_first_talk boolean not null default false; -- in which the call for help is settled
alter table worker
  add column skills text[] not null default '{}',
  add column own_postcodes text[] not null default '{}', -- where they live: never a case of theirs
  add column load_min_tenths int not null default 0;

-- What people decided about the track, confirmed or otherwise. Rows are only added.
create table track_choice (
  case_id        uuid not null,
  revision       int not null,
  chosen_by      text not null,
  proposed_track text not null,
  track          text not null,
  priority       int not null,
  reason         text, -- null: confirmed as proposed
  chosen_at      timestamptz not null,
  primary key (case_id, revision)
);

-- Somebody who knows a household too well never gets its case.
create table conflict (
  worker_id    text not null,
  household_id uuid not null,
  reason       text not null,
  declared_at  timestamptz not null,
  primary key (household_id, worker_id)
);

-- What a household asked for: a language or a skill, as the resident stated it.
create table need (
  household_id uuid not null,
  kind         text not null check (kind in ('language', 'skill')),
  value        text not null,
  stated_at    timestamptz not null,
  recorded_by  text not null,
  primary key (household_id, kind, value)
);

create table restriction (
  id           uuid primary key,
  household_id uuid not null,
  kind         text not null check (
    kind in ('no_letters', 'no_calls', 'visit_with_two', 'no_approach')),
  reason       text not null,
  review_on    date not null,
  made_by      text not null,
  made_at      timestamptz not null,
  lifted_by    text,
  lifted_at    timestamptz
);
create index restriction_household on restriction (household_id) where lifted_at is null;

create table help_answer (
  id          uuid primary key,
  case_id     uuid not null,
  answer      text not null check (answer in ('accepted', 'declined')),
  answered_on date not null,
  paused_until date,            -- the last day that the partners pause collection
  pause_ended_at timestamptz,
  recorded_by text not null,
  recorded_at timestamptz not null
);
create index help_answer_case on help_answer (case_id);

create table plan_item (
  id          uuid primary key,
  case_id     uuid not null,
  layer       text not null check (layer in ('own', 'network', 'general', 'individual')),
  words       text not null,      -- the resident's
  written_by  text not null,      -- 'resident', or the worker who wrote it down
  recorded_by text not null,
  written_at  timestamptz not null,
  removed_at  timestamptz
);
create index plan_item_case on plan_item (case_id);

create table consultation (
  id          uuid primary key,
  case_id     uuid not null,
  kind        text not null check (kind in ('colleague', 'specialist',
    'family_group_conference', 'last_chance_meeting')),
  with_whom   text not null,
  held_on     date not null,
  outcome     text not null,
  recorded_by text not null,
  recorded_at timestamptz not null
);
create index consultation_case on consultation (case_id);

-- What a person has to look at. The id follows from what it is about, so it is made once.
create table task (
  id           uuid primary key,
  kind         text not null,
  municipality text not null,
  household_id uuid,
  case_id      uuid,
  reason       text not null, -- in words, Dutch
  made_at      timestamptz not null,
  closed_at    timestamptz,
  closed_by    text,
  outcome      text
);
create index task_open on task (municipality, kind, made_at) where closed_at is null;
create index task_household on task (household_id);

-- The weekly sample of what was decided by arithmetic alone.
create table sample (
  municipality text not null,
  week         date not null, -- its Monday
  signal_id    uuid not null,
  status       text not null,
  drawn_at     timestamptz not null,
  reviewed_by  text,
  reviewed_at  timestamptz,
  is_right     boolean,
  remark       text,
  primary key (municipality, week, signal_id)
);

-- Who read which case and why; a minute is sealed into a chain once it is over.
create table read_log (
  no      bigint generated always as identity primary key,
  actor   text not null,
  purpose text not null,
  case_id uuid not null,
  read_at timestamptz not null
);
create index read_log_case on read_log (case_id);

create table read_seal (
  minute   timestamptz primary key,
  rows     int not null,
  last_no  bigint not null,
  hash     bytea not null -- of the seal before and the rows of this minute
);

-- Counts made before a purge: no ids of people.
create table monitor_count (
  municipality text not null,
  month        date not null,
  measure      text not null,
  facets       jsonb not null,
  count        bigint not null,
  primary key (municipality, month, measure, facets)
);

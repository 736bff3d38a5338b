-- No installation has filled these tables yet, so what locks or scans them does no harm.
-- squawk-ignore-file require-concurrent-index-creation, adding-not-nullable-field, ban-drop-column
-- Whose the reports of a household became when it turned out to be another's. It goes with that
-- one: were it gone before, and the merge undone, a case of it would get the id of an older one.
alter table household
  add column moved_to uuid,
  drop column erased_at; -- never filled: what is erased is gone, and the table `erasure` says so

create index command_case on command ((answer->>'case_id'));
create index command_taken on command (taken_at);
create index visit_change_visit on visit_change (visit_id);
create index task_case on task (case_id) where case_id is not null;
create index sample_signal on sample (signal_id);

-- What was purged, when, and under which policy. No ids of people.
create table purge (
  at            timestamptz not null,
  municipality  text not null,
  ended_before  timestamptz not null,
  households    int not null,
  cases         int not null,
  signals       int not null,
  policy_sha256 text not null,
  primary key (at, municipality)
);

-- Who asked to erase which household and why, and when each service said that it had.
create table erasure (
  household_id uuid primary key,
  municipality text not null,
  reason       text not null check (
    reason in ('request', 'objection', 'mistaken', 'unlawful', 'court')),
  asked_by     text not null,
  asked_at     timestamptz not null,
  signals_at   timestamptz, -- null: signals has not answered
  notify_at    timestamptz  -- null: notify has not answered
);
create index erasure_unanswered on erasure (asked_at)
  where signals_at is null or notify_at is null;

-- A list shows many cases: one row. The minute is the one that seals the row: its own, or the first
-- that was not sealed when the row came late.
alter table read_log
  add column case_ids uuid[],
  add column minute timestamptz;
update read_log set case_ids = array[case_id], minute = date_trunc('minute', read_at);
alter table read_log
  alter column case_ids set not null,
  alter column minute set not null,
  drop column case_id;
create index read_log_minute on read_log (minute, no);
create index read_log_cases on read_log using gin (case_ids);

-- The chain begins here: the rows before it were kept long enough and are gone.
alter table read_seal add column is_anchor boolean not null default false;

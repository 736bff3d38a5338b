-- Every policy that this service ever started with or activated, so that a decision can be replayed.
create table policy_text (
  sha256        text primary key,
  document      text not null, -- YAML
  first_seen_at timestamptz not null
);
insert into policy_text (sha256, document, first_seen_at)
select sha256, min(document), min(activated_at) from policy group by sha256;

-- Open cases to be decided anew because another policy holds: a cursor over the buildings, so that
-- whoever goes on begins where the last commit ended.
create table policy_job (
  id           bigint generated always as identity primary key,
  municipality text not null,
  sha256       text not null, -- of the policy that was activated
  reason       text not null, -- why it holds for days that are past; '' when it does not
  noted_by     text not null,
  noted_at     timestamptz not null,
  due_at       timestamptz not null,
  after_postcode     text not null default '', -- the last building that was done
  after_house_number int not null default 0,
  buildings    int not null default 0, -- done so far
  changed      int not null default 0, -- cases whose proposal changed
  skipped      int not null default 0, -- buildings that could not be decided; see the log
  finished_at  timestamptz
);
create index policy_job_due on policy_job (due_at) where finished_at is null;

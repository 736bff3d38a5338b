-- No installation has filled these tables yet, so what locks or scans them does no harm.
-- squawk-ignore-file require-concurrent-index-creation
-- Totals that everybody may see, as they were made public: made once, never changed, so that nobody
-- learns from two answers what happened between them. No ids of people.
create table open_figure (
  municipality text not null,
  starts_on    date not null,
  ends_on      date not null,
  made_at      timestamptz not null,
  totals       jsonb not null, -- of each figure; null: not shown
  small_number int not null,
  primary key (municipality, starts_on, ends_on)
);

-- Lists of an assignee and of a lead, also of what is over, in the order in which they are shown; a
-- case by the reference that mails have; cases of some months. Measured with 100,000 cases.
create index household_case_of_assignee on household_case (assignee_id, priority, opened_at, id);
create index household_case_of_lead on household_case (lead_id, priority, opened_at, id);
create index household_case_reference on household_case (reference);
create index household_case_opened on household_case (municipality, opened_on);

-- Columns that are null, or empty, of what was there before.
alter table case_file
  add column former jsonb not null default '[]'; -- who was replaced, the newest last; goes with the case
alter table alert
  add column sequence int; -- of the calendar entry it brings; null: as the subject's revision

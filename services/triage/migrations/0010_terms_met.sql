-- Null of what ended before: nobody was told so.
alter table deadline
  add column over_said_at timestamptz; -- that it runs no longer, to who heard that it is near or missed

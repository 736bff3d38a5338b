-- squawk-ignore-file adding-field-with-default, require-concurrent-index-creation
-- What hangs on a doubt: the signals of which it is uncertain whose they are.
alter table task add column signal_ids uuid[] not null default '{}';
update task set signal_ids = array(
  select id from signal
  where household_id = task.household_id and is_match_uncertain order by reported_on, id)
where kind in ('two_leases', 'bag_disagrees', 'addition_missing');

-- What somebody says of their absence themselves, or their lead of them, beside what the roster file
-- says: a roster that is loaded again does not undo it.
alter table worker
  add column noted_absent_from  date,
  add column noted_absent_until date, -- null: until further notice
  add column noted_on           date; -- of absences in the roster that began by then this goes over

-- Who goes along reads the case until the visit was made. Few are planned at a time.
create index visit_second_worker on visit (second_worker_id)
  where state = 'planned' and second_worker_id is not null;

-- No installation has filled these tables yet, so what locks or scans them does no harm.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-column, ban-drop-constraint, constraint-missing-not-valid
create index household_moved on household (moved_to) where moved_to is not null;

-- A household with those that became it, and those that became these: what was asked, restricted
-- or declared of one holds for all. One that has reports of its own again is itself again.
create function kin_of(one uuid) returns setof uuid language sql stable as $$
  with recursive kin (id) as (
    select $1
    union
    select household.id from kin join household on household.moved_to = kin.id
    where not exists (select from signal where signal.household_id = household.id)
      and not exists (select from fact where fact.household_id = household.id))
  select id from kin
$$;

alter table visit drop column note; -- never filled

-- alone: it goes on without who was to go along.
alter table visit_change
  drop constraint visit_change_what_check,
  add constraint visit_change_what_check
    check (what in ('planned', 'moved', 'alone', 'cancelled', 'made'));

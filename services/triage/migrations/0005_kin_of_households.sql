-- No installation has filled these tables yet, so what locks or scans them does no harm.
-- squawk-ignore-file require-concurrent-index-creation
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

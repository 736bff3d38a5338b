-- When each running notify last looked at the queues: what one of them holds and does not handle,
-- the others cannot see there. See services/notify/freshness.py.
create table replica (
  id          uuid primary key,
  backend_pid int not null,        -- of its connection: who was killed has none any more
  seen_at     timestamptz not null -- real time
);

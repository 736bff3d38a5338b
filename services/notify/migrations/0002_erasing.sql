-- Cases that were erased or purged: what is told of them late is not taken in any more.
create table forgotten_case (
  case_id      uuid primary key,
  forgotten_at timestamptz not null
);

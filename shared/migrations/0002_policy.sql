-- The policies that were activated, in every service; the newest of a municipality and day holds.
create table policy (
  municipality text not null,
  valid_from   date not null,
  sha256       text not null,
  document     text not null, -- YAML
  activated_by text not null,
  activated_at timestamptz not null,
  primary key (municipality, valid_from, activated_at)
);

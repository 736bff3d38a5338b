-- Null and empty of what was there before.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation
alter table wishes
  add column channel text constraint wishes_channels check (channel in ('mail', 'sms', 'letter')),
  add column language text constraint wishes_languages check (language in ('nl', 'en')),
  add column preferred_at timestamptz; -- when both were stated last; null: never
alter table wishes_change
  add column channel text,
  add column language text;

-- Households that turned out to be that of the case: what they asked holds for it too.
alter table resident add column kin uuid[] not null default '{}';
create index resident_kin on resident using gin (kin) where kin <> '{}';

-- The index is of a column that is new, so nothing is in it yet.
-- squawk-ignore-file require-concurrent-index-creation
-- A status that was decided while it was uncertain whose signal it is: its partner did not hear it.
alter table signal_status add column is_untold boolean not null default false;
update signal_status set is_untold = true from signal
where signal.id = signal_id and is_match_uncertain;

-- What the partner of a signal heard last of the household's answer to the offer of help.
alter table signal add column told_answer_id uuid;
alter table signal add column told_answer text
  check (told_answer in ('accepted', 'declined', 'pause_ended'));
create index signal_told_answer on signal (told_answer_id) where told_answer_id is not null;

-- The facts of the building that were known by then: a verdict settles no doubt about later ones.
alter table verdict add column known_ids uuid[] not null default '{}';
update verdict set known_ids = array(
  select report.id from (
    select id, address_id, received_at from signal
    union all select id, address_id, received_at from fact) as report
    join address on address.id = address_id
  where (address.municipality, address.postcode, address.house_number)
      = (verdict.municipality, verdict.postcode, verdict.house_number)
    and received_at <= made_at);

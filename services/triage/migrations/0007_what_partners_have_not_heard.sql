-- A status that was decided while it was uncertain whose signal it is: its partner did not hear it.
alter table signal_status add column is_untold boolean not null default false;
update signal_status set is_untold = true from signal
where signal.id = signal_id and is_match_uncertain;

-- What the partner of a signal heard last of the household's answer to the offer of help.
alter table signal add column told_answer_id uuid;
alter table signal add column told_answer text
  check (told_answer in ('accepted', 'declined', 'pause_ended'));

-- Small tables, or columns that are null or zero of what was there before.
-- squawk-ignore-file adding-field-with-default, ban-drop-constraint, constraint-missing-not-valid, require-concurrent-index-creation, require-concurrent-index-deletion
-- What the gateway took, and told nothing of: when it is asked, and when it was asked last.
alter table alert
  add column ask_at timestamptz, -- business time; null: nothing is to be asked
  add column asked_at timestamptz,
  add column attempts_before int not null default 0; -- made before a person let it go again
create index alert_to_ask on alert (ask_at) where state = 'sent' and ask_at is not null;
-- Of what is over nobody need hear any more, and the gateway forgets it after a week.
update alert set ask_at = changed_at + case channel when 'sms' then interval '72 hours'
    else interval '96 hours' end
  where state = 'sent' and recipient_role = 'resident' and channel in ('sms', 'letter')
    and expires_at > now();

-- What failed may go again, if a person says so.
alter table alert
  drop constraint alert_decisions,
  add constraint alert_decisions
    check (decision in ('send', 'drop', 'arrived', 'not_arrived', 'again'));
alter table alert_decision
  drop constraint alert_decision_decision_check,
  add constraint alert_decision_decisions
    check (decision in ('send', 'drop', 'arrived', 'not_arrived', 'again'));
create index alert_by_need on alert (state, due_at, id)
  where state in ('held', 'unknown', 'failed');
drop index alert_for_a_person;

-- Fingerprint of the contact data that notify heard last: what did not change is not told again.
alter table household_case add column details_told text;

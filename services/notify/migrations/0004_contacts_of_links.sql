-- The number or mail address that a message with a link went to, as wishes spell it; null: a letter.
-- Who answers "this is not me" says it of that one. Personal data; goes with the case.
alter table reply_link add column contact text;

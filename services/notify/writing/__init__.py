"""What messages say: templates per language and audience, checked as a whole when they are loaded.

templates/mail.html              the one layout of mails in HTML, filled with the text's paragraphs
templates/<language>/layouts/    what every message of an audience and channel has around its text
templates/<language>/<audience>/ one file a message, in blocks: `subject`, `line` and `text` for
                                 workers; `sms`, `subject` and `text` for residents
The way of a message: facts (what a text may name), loading (files, or every fault at once), texts
(rendered and laid out), sms (its segments), sentences (how long they are). Pure after loading.
"""

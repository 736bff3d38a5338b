"""What workers do to cases: one transaction each, under the lock of the building.

A command is taken once: the same key again gets the same answer. It names the revision that its
sender saw; when the case has moved on, nothing is done and the answer says what is true now. After
every command the household is decided on anew, so that terms, statuses and track follow.
"""

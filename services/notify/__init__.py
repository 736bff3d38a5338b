"""notify: the right person hears in time, and nothing that no longer holds.

purpose    keeps alerts as rows, supersedes them when a fact moves, checks again just before sending
consumes   triage's case events (shared/contracts/triage.py), HouseholdErased, HouseholdPurged; and
           nothing of anybody else; over HTTP what NotifyNL tells of messages
publishes  AlertSent, AlertFailed, AlertStopped, ResidentReplied, AlertsErased
owns       case files (its copy of who works on what), subjects, alerts, attempts, receipts;
           links, replies and wishes of residents; how far messages to residents go, and what
           people decided
pages      /live is where a lead lets messages to residents go, stops them and decides of held ones;
           /notify/story tells the way of a case's alerts; /r/{token} is where residents answer,
           without sign-in
"""

"""triage: from signals to one household, one case, one assignee.

purpose    matches facts to households, applies the municipality's policy, assigns one generalist,
           follows the legal path, keeps what workers did
consumes   every accepted fact of signals (shared/contracts/signals.py), SignalsErased; from notify
           what became of alerts: AlertSent, AlertFailed, AlertStopped, AlertsErased; and what
           residents answered to them: ResidentReplied
publishes  what became of signals, cases, visits and hearings (shared/contracts/triage.py)
owns       addresses, households, cases, decisions, assignments, visits, attempts, the roster; which
           policies were activated, who read which case, and what was purged or erased
pages      /work and /week of who works on cases, /lead of who leads a team, /monitor figures,
           /open-data for everybody, /triage/story a household's way; /v1 takes the same commands
"""

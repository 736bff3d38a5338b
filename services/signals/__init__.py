"""signals: the front door for corporations and other partners.

purpose    judges whether an event is valid, says every fault at once, signs and publishes the valid
consumes   every event of partners (shared/contracts/partners.py), by AMQP, HTTP and table; from
           triage what became of signals: SignalTakenUp, SignalNotTakenUp, ContactAttempted,
           HelpAccepted, HelpDeclined, PauseEnded, DeadlineMissed; and HouseholdErased
publishes  the accepted facts (shared/contracts/signals.py); SignalsErased; to a partner's own queue
           EventAccepted, EventRefused, StatusGiven
owns       partners, agreements, signing keys, accepted events with receipts, refusals, statuses
pages      /partner what a partner sent, delivers and is known by; /events/{id}/receipt proves one
           event to its partner; /receipts verifies, /examples explains; /signals/story; /v1 the API
"""

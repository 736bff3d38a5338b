"""signals: the front door for corporations and other partners.

purpose    judges whether an event is valid, says every fault at once, keeps and publishes the valid
consumes   every event of partners (shared/contracts/partners.py), and from triage what became of
           signals: SignalTakenUp, SignalNotTakenUp, ContactAttempted
publishes  the accepted facts (shared/contracts/signals.py); refusals to the partner's own queue
owns       partners, agreements, accepted events, refusals, statuses
pages      / finds one signal and tells its way here
"""

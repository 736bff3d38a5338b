"""A municipality's policy: one YAML document per validity date, each number with its source.

The document has a section for each service, which reads only its own. A fault names the file, the
line and the field. The hash of the file is stored with every decision and alert that it led to.
"""

from shared.policy.document import Draft, Policies, Policy, load, parse, read_draft
from shared.policy.notify import (
    RECEIPTS,
    AlertRule,
    Channel,
    NotifyPolicy,
    QuietHours,
    ReceiptTerms,
    ResidentRules,
)
from shared.policy.parts import Fault, Number, Part, PolicyFault, Texts
from shared.policy.signals import EvidenceRule, GroundRule, SignalsPolicy
from shared.policy.triage import Costs, LadderStep, LegalTerms, Rule, Term, TriagePolicy, Window

__all__ = [
    "RECEIPTS",
    "AlertRule",
    "Channel",
    "Costs",
    "Draft",
    "EvidenceRule",
    "Fault",
    "GroundRule",
    "LadderStep",
    "LegalTerms",
    "NotifyPolicy",
    "Number",
    "Part",
    "Policies",
    "Policy",
    "PolicyFault",
    "QuietHours",
    "ReceiptTerms",
    "ResidentRules",
    "Rule",
    "SignalsPolicy",
    "Term",
    "Texts",
    "TriagePolicy",
    "Window",
    "load",
    "parse",
    "read_draft",
]

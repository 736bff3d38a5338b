"""Reads a policy as a careful reader would, and names everything that is wrong with it: pure."""

from services.triage.proofreading.document import Findings, proofread

__all__ = ["Findings", "proofread"]

"""The conformance suite: known shapes through import, export and round trip, and a table that can be filed."""

from rtcontour.conformance.cases import CASES
from rtcontour.conformance.run import require_conformance, run_conformance
from rtcontour.conformance.verdict import Conformance, Verdict

__all__ = ["CASES", "Conformance", "Verdict", "require_conformance", "run_conformance"]

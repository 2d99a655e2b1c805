"""The leads that hold the evidence for a label, so that a faulty one of them can be named beside it.

Rhythm is read where P waves are largest, II and V1 (Kligfield et al. 2007, doi:10.1016/j.jacc.2007.01.024,
names them for rhythm strips); bundle branches in I, V1 and V6 (Surawicz et al. 2009,
doi:10.1016/j.jacc.2008.12.013). Where the evidence may be in any lead, all are named.
"""

from collections.abc import Mapping
from types import MappingProxyType

RHYTHM = ("II", "V1")
BUNDLE_BRANCHES = ("I", "V1", "V6")

EVIDENCE_LEADS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AF": RHYTHM,
        "PAC": RHYTHM,
        "PVC": RHYTHM,
        "I-AVB": RHYTHM,
        "LBBB": BUNDLE_BRANCHES,
        "RBBB": BUNDLE_BRANCHES,
    }
)  # any other label: all leads


def evidence_leads(label: str) -> tuple[str, ...]:
    """The leads that the label hangs on; empty where it may hang on any."""
    return EVIDENCE_LEADS.get(label, ())

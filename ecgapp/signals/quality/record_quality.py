"""The quality of a recording as a whole: swapped electrodes, a pacemaker, contradicting limb leads."""

from dataclasses import dataclass

from ecgapp.records.record import ECGRecord
from ecgapp.signals.quality.lead_quality import LeadQuality, lead_quality
from ecgapp.signals.quality.limbs import NOT_ADDING_UP, einthoven, limb_reversal
from ecgapp.signals.quality.pacing_spikes import pacing_spikes

LIMB_LEADS = {"I", "II", "III"}
SEEN_IN = {
    "RA": ("I", "II"),
    "LA": ("I", "III"),
    "LL": ("II", "III"),
}  # the leads that an electrode is part of
ELECTRODES = {"RA": "Right arm", "LA": "Left arm", "LL": "Left leg"}


@dataclass(frozen=True)
class RecordQuality:
    """The quality of a recording: of each of its ``leads``, in its order, and of all together."""

    leads: tuple[LeadQuality, ...]
    limb_reversal: str  # "RA/LA" or "RA/LL"; "" if the limb leads look right or cannot be judged
    pacing: tuple[float, ...]  # s of each pacing spike
    einthoven: float | None  # rms of I + III - II in mV; None unless all three were recorded

    @property
    def adds_up(self) -> bool:
        """Whether I + III = II; True if not all three were recorded."""
        return self.einthoven is None or self.einthoven <= NOT_ADDING_UP

    @property
    def loose_electrode(self) -> str:
        """RA, LA or LL if exactly the two of I, II and III that it is part of are off; else ""."""
        off = {lead.lead for lead in self.leads if lead.electrode_off}
        sound = {lead.lead for lead in self.leads} - off
        for name, (one, other) in SEEN_IN.items():
            if {one, other} <= off and LIMB_LEADS - {one, other} <= sound:
                return name
        return ""

    @property
    def limbs_doubtful(self) -> str:
        """The reason, as part of a sentence, why the limb leads are mislabelled; "" if there is none."""
        if self.limb_reversal:
            return f"the electrodes {self.limb_reversal} look swapped"
        return "" if self.adds_up else "I + III is not II"

    @property
    def axes_doubtful(self) -> str:
        """The sentence on why no axis can be read from the limb leads; "" if one can."""
        reason = self.limbs_doubtful
        return f"{reason[0].upper()}{reason[1:]}." if reason else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """Remarks for the reader on the recording as a whole."""
        remarks = []
        if self.loose_electrode:
            one, other = SEEN_IN[self.loose_electrode]
            named = ELECTRODES[self.loose_electrode]
            remarks.append(f"{named} electrode ({self.loose_electrode}) off: {one} and {other} both show it.")
        if self.limb_reversal:
            remarks.append(_swapped(self.limb_reversal))
        if not self.adds_up:
            remarks.append(
                f"Leads I, II and III do not add up: I + III differs from II by {self.einthoven:.2f} mV "
                "(rms). One of them is wrong."
            )
        if self.pacing:
            remarks.append(
                f"Paced rhythm: {len(self.pacing)} pacing spikes, the first at {self.pacing[0]:.2f} s. "
                "Models and measurements do not know paced beats."
            )
        return tuple(remarks)


def _swapped(reversal: str) -> str:
    one, other = (ELECTRODES[name] for name in reversal.split("/"))
    sentence = f"{one} and {other.lower()} electrodes look swapped ({reversal})"
    if reversal == "RA/LA":
        return f"{sentence}: or the heart lies on the right, which limb leads alone cannot tell apart."
    return f"{sentence}."


def record_quality(record: ECGRecord) -> RecordQuality:
    """The quality of ``record`` and of each of its leads."""
    leads = lead_quality(record)
    spikes = pacing_spikes(record)
    # the prediction of limb leads from chest leads is fitted on beats that are not paced
    swapped = "" if spikes else limb_reversal(record, leads)
    return RecordQuality(leads, swapped, spikes, einthoven(record))

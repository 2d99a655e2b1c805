"""What concerns a recording as a whole: swapped electrodes, a pacemaker, limb leads that do not add up."""

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
    """The quality of a recording: that of its ``leads``, in its order, and of them together."""

    leads: tuple[LeadQuality, ...]
    limb_reversal: str  # "RA/LA" or "RA/LL", and "" where the limb leads look right or cannot be judged
    pacing: tuple[float, ...]  # s of each pacing spike
    einthoven: float | None  # rms of I + III - II in mV; None where not all three were recorded

    @property
    def adds_up(self) -> bool:
        """Whether I + III = II, as far as that can be told."""
        return self.einthoven is None or self.einthoven <= NOT_ADDING_UP

    @property
    def loose_electrode(self) -> str:
        """RA, LA or LL where just the two of I, II and III that it is part of are off; else ""."""
        off = {lead.lead for lead in self.leads if lead.electrode_off}
        sound = {lead.lead for lead in self.leads} - off
        for name, (one, other) in SEEN_IN.items():
            if {one, other} <= off and LIMB_LEADS - {one, other} <= sound:
                return name
        return ""

    @property
    def limbs_doubtful(self) -> str:
        """Why the limb leads are not what their names say, as a part of a sentence; "" where they may be."""
        if self.limb_reversal:
            return f"the electrodes {self.limb_reversal} look swapped"
        return "" if self.adds_up else "I + III is not II"

    @property
    def axes_doubtful(self) -> str:
        """Why no axis can be read from the limb leads, in a sentence; "" where it can."""
        said = self.limbs_doubtful
        return f"{said[0].upper()}{said[1:]}." if said else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the reader must know of the recording as a whole."""
        said = []
        if self.loose_electrode:
            one, other = SEEN_IN[self.loose_electrode]
            named = ELECTRODES[self.loose_electrode]
            said.append(f"{named} electrode ({self.loose_electrode}) off: {one} and {other} both show it.")
        if self.limb_reversal:
            said.append(_swapped(self.limb_reversal))
        if not self.adds_up:
            said.append(
                f"Leads I, II and III do not add up: I + III differs from II by {self.einthoven:.2f} mV "
                "(rms). One of them is wrong."
            )
        if self.pacing:
            said.append(
                f"Paced rhythm: {len(self.pacing)} pacing spikes, the first at {self.pacing[0]:.2f} s. "
                "Models and measurements do not know paced beats."
            )
        return tuple(said)


def _swapped(reversal: str) -> str:
    one, other = (ELECTRODES[name] for name in reversal.split("/"))
    sentence = f"{one} and {other.lower()} electrodes look swapped ({reversal})"
    if reversal == "RA/LA":
        return f"{sentence}: or the heart lies on the right, which limb leads alone cannot tell apart."
    return f"{sentence}."


def record_quality(record: ECGRecord) -> RecordQuality:
    """Everything that can be said of the quality of ``record``."""
    leads = lead_quality(record)
    spikes = pacing_spikes(record)
    swapped = (
        "" if spikes else limb_reversal(record, leads)
    )  # what is expected of limb leads holds for own beats
    return RecordQuality(leads, swapped, spikes, einthoven(record))

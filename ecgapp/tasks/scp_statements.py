"""The 71 SCP-ECG statements of PTB-XL: kind, superclass, subclass and meaning of each.

Wagner et al. (2020), doi:10.1038/s41597-020-0495-6, table ``scp_statements.csv`` of release 1.0.3
(CC BY 4.0), in its order.
"""

from typing import NamedTuple


class ScpStatement(NamedTuple):
    """One statement; ``superclass`` and ``subclass`` are empty unless it is diagnostic."""

    code: str
    kinds: str  # D diagnostic, F form, R rhythm; four statements are both D and F
    superclass: str
    subclass: str
    description: str


_TABLE = """
NDT | DF | STTC | STTC | non-diagnostic T abnormalities
NST_ | DF | STTC | NST_ | non-specific ST changes
DIG | DF | STTC | STTC | digitalis-effect
LNGQT | DF | STTC | STTC | long QT-interval
NORM | D | NORM | NORM | normal ECG
IMI | D | MI | IMI | inferior myocardial infarction
ASMI | D | MI | AMI | anteroseptal myocardial infarction
LVH | D | HYP | LVH | left ventricular hypertrophy
LAFB | D | CD | LAFB/LPFB | left anterior fascicular block
ISC_ | D | STTC | ISC_ | non-specific ischemic
IRBBB | D | CD | IRBBB | incomplete right bundle branch block
1AVB | D | CD | _AVB | first degree AV block
IVCD | D | CD | IVCD | non-specific intraventricular conduction disturbance (block)
ISCAL | D | STTC | ISCA | ischemic in anterolateral leads
CRBBB | D | CD | CRBBB | complete right bundle branch block
CLBBB | D | CD | CLBBB | complete left bundle branch block
ILMI | D | MI | IMI | inferolateral myocardial infarction
LAO/LAE | D | HYP | LAO/LAE | left atrial overload/enlargement
AMI | D | MI | AMI | anterior myocardial infarction
ALMI | D | MI | AMI | anterolateral myocardial infarction
ISCIN | D | STTC | ISCI | ischemic in inferior leads
INJAS | D | MI | AMI | subendocardial injury in anteroseptal leads
LMI | D | MI | LMI | lateral myocardial infarction
ISCIL | D | STTC | ISCI | ischemic in inferolateral leads
LPFB | D | CD | LAFB/LPFB | left posterior fascicular block
ISCAS | D | STTC | ISCA | ischemic in anteroseptal leads
INJAL | D | MI | AMI | subendocardial injury in anterolateral leads
ISCLA | D | STTC | ISCA | ischemic in lateral leads
RVH | D | HYP | RVH | right ventricular hypertrophy
ANEUR | D | STTC | STTC | ST-T changes compatible with ventricular aneurysm
RAO/RAE | D | HYP | RAO/RAE | right atrial overload/enlargement
EL | D | STTC | STTC | electrolytic disturbance or drug (former EDIS)
WPW | D | CD | WPW | Wolf-Parkinson-White syndrome
ILBBB | D | CD | ILBBB | incomplete left bundle branch block
IPLMI | D | MI | IMI | inferoposterolateral myocardial infarction
ISCAN | D | STTC | ISCA | ischemic in anterior leads
IPMI | D | MI | IMI | inferoposterior myocardial infarction
SEHYP | D | HYP | SEHYP | septal hypertrophy
INJIN | D | MI | IMI | subendocardial injury in inferior leads
INJLA | D | MI | AMI | subendocardial injury in lateral leads
PMI | D | MI | PMI | posterior myocardial infarction
3AVB | D | CD | _AVB | third degree AV block
INJIL | D | MI | IMI | subendocardial injury in inferolateral leads
2AVB | D | CD | _AVB | second degree AV block
ABQRS | F | - | - | abnormal QRS
PVC | F | - | - | ventricular premature complex
STD_ | F | - | - | non-specific ST depression
VCLVH | F | - | - | voltage criteria (QRS) for left ventricular hypertrophy
QWAVE | F | - | - | Q waves present
LOWT | F | - | - | low amplitude T-waves
NT_ | F | - | - | non-specific T-wave changes
PAC | F | - | - | atrial premature complex
LPR | F | - | - | prolonged PR interval
INVT | F | - | - | inverted T-waves
LVOLT | F | - | - | low QRS voltages in the frontal and horizontal leads
HVOLT | F | - | - | high QRS voltage
TAB_ | F | - | - | T-wave abnormality
STE_ | F | - | - | non-specific ST elevation
PRC(S) | F | - | - | premature complex(es)
SR | R | - | - | sinus rhythm
AFIB | R | - | - | atrial fibrillation
STACH | R | - | - | sinus tachycardia
SARRH | R | - | - | sinus arrhythmia
SBRAD | R | - | - | sinus bradycardia
PACE | R | - | - | normal functioning artificial pacemaker
SVARR | R | - | - | supraventricular arrhythmia
BIGU | R | - | - | bigeminal pattern (unknown origin, SV or Ventricular)
AFLT | R | - | - | atrial flutter
SVTAC | R | - | - | supraventricular tachycardia
PSVT | R | - | - | paroxysmal supraventricular tachycardia
TRIGU | R | - | - | trigeminal pattern (unknown origin, SV or Ventricular)
"""


def _statement(line: str) -> ScpStatement:
    code, kinds, superclass, subclass, description = (cell.strip() for cell in line.split(" | "))
    return ScpStatement(code, kinds, superclass.strip("-"), subclass.strip("-"), description)


STATEMENTS = tuple(_statement(line) for line in _TABLE.strip().splitlines())

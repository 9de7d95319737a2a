"""Rules whose facts no family holds yet: each says so, rather than pass.

When a family comes that holds them, the rule moves to its file and is written out.
"""

from quality.rule import EVERY_FAMILY, Dimension, NoData, Rule, Severity

_CIN, _SSDA903 = "England CIN census, logic only", "England SSDA903, logic only"
_ASSESSMENTS = NoData("no family holds assessments and the needs they found")
_MISSING = NoData("no family holds missing episodes with their start and end")
_HEARINGS = NoData("no family holds children's hearings")
_WORKFORCE = NoData("no family holds which worker had which child, from when to when")


def _rule(code: str, says: str, source: str, logic: NoData, severity: Severity = Severity.QUERY) -> Rule:
    family = FAMILIES[code[:2]]
    dimension = Dimension.CONSISTENCY
    return Rule(code, family, severity, says, "nothing to do", source, dimension, logic, passing=())


FAMILIES = {
    "AS": "plans",
    "MI": "care_episodes",
    "HR": "care_episodes",
    "PV": "care_episodes",
    "PA": "children",
    "WF": EVERY_FAMILY,
}
"""Which family comes nearest, by the first letters of a code."""

RULES = (
    _rule("AS01", "An assessment starts on or after the day of the referral.", f"{_CIN}: 1103", _ASSESSMENTS),
    _rule("AS02", "An assessment ends on or after the day it starts.", f"{_CIN}: 8608", _ASSESSMENTS),
    _rule("AS03", "An assessment ends in the time the council set itself.", f"{_CIN}: 8670", _ASSESSMENTS),
    _rule("AS04", "A closed case leaves no assessment open.", f"{_CIN}: 8867", _ASSESSMENTS),
    _rule("AS05", "A child has one assessment of a kind at a time.", f"{_CIN}: 8863, 8896", _ASSESSMENTS),
    _rule("AS06", "Needs are told of a finished assessment, and always.", f"{_CIN}: 8614, 8897", _ASSESSMENTS),
    _rule("AS07", '"No need" stands alone, and no need is listed twice.', f"{_CIN}: 8869, 8898", _ASSESSMENTS),
    _rule("AS08", "An assessment that found no need leads to no plan.", f"{_CIN}: 8873", _ASSESSMENTS),
    _rule("AS09", "A case closed after an assessment has one.", f"{_CIN}: 8825", _ASSESSMENTS),
    _rule("AS10", "A need was in use as a code on the day it was found.", f"{_CIN}: 8945, 8950", _ASSESSMENTS),
    _rule("AS11", "A child protection investigation comes with an assessment.", f"{_CIN}: 2991", _ASSESSMENTS),
    _rule("MI01", "A missing episode ends after it starts; none overlaps another.", f"{_SSDA903}: 564-571", _MISSING),
    _rule("MI02", "A child is looked after on the day of going missing.", f"{_SSDA903}: 574-586", _MISSING),
    _rule("HR01", "A compulsory supervision order rests on a hearing's decision.", "2011 Act, s91", _HEARINGS),
    _rule("HR02", "An order is varied or ended by a hearing, on its day.", "2011 Act, s138", _HEARINGS),
    _rule(
        "PA01",
        "Whether a looked-after child is a parent does not change back.",
        f"{_SSDA903}: 607, 611, 620 and 621",
        NoData("no family holds whether a child is a parent"),
    ),
    _rule(
        "PV01",
        "A provider is registered with the Care Inspectorate on every day of a placement.",
        f"{_SSDA903}: 227 and 228",
        NoData("no family holds which service provides a placement"),
    ),
    _rule("WF01", "A child has one lead worker at a time, without a gap.", f"{_SSDA903}: SW06-SW11, SW17", _WORKFORCE),
    _rule("WF02", "A change of lead worker says why.", f"{_SSDA903}: SW13", _WORKFORCE),
)

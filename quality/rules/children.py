"""Rules of children: identity and geography. A CHI or SCN, right or wrong, never costs the child."""

from functools import partial
from typing import Any

from quality.rule import Codes, Dimension, Query, Row, Rule, Severity, Shape, Steady, Unique
from quality.rules.recurring import codes_of_lists, no_stand_in_dates
from schemas.registry import BY_NAME

_rule = partial(Rule, family="children")
_EARLIER: dict[str, Any] = {"held": {"is_earlier": True}}
_UNBORN: dict[str, Any] = {"date_of_birth": None, "sex": "unborn", "chi": None, "scn": None}
_UNBORN_THEN = _UNBORN | {"expected_date_of_birth": "2015-01-09"}
_HEALTH: dict[str, Any] = {"held": {"source": "nhs-ggc", "source_agency": "S08000031"}}


def _one_number(name: str) -> Query:
    """The records of a child of whom sources hold different numbers, both of them good ones."""
    good = f"{name}) FILTER (WHERE is_{name}({name})) OVER same_child"
    return Query(
        "SELECT $key AS record_key FROM children WHERE linked_child IS NOT NULL"
        f" WINDOW same_child AS (PARTITION BY linked_child) QUALIFY min({good} <> max({good}"
    )


RULES = (
    _rule(
        code="ID01",
        severity=Severity.ERROR,
        says="A Scottish Candidate Number is nine digits, as text with its leading zeros.",
        hint="send the number as SEEMiS holds it; leave it out if it is not known",
        source="HESA C07051",
        dimension=Dimension.VALIDITY,
        logic=Row("NOT is_digits(scn, 9)"),
        fields=("scn",),
        passing=({}, {"scn": None}, {"scn": "051234566"}),
        failing=({"scn": "12291417"}, {"scn": "12291417X"}),
    ),
    _rule(
        code="ID02",
        severity=Severity.ERROR,
        says="A Scottish Candidate Number has a correct check digit.",
        hint="check the number against SEEMiS; leave it out if it is not known",
        source="HESA C07051",
        dimension=Dimension.VALIDITY,
        logic=Row("is_digits(scn, 9) AND NOT is_scn(scn)"),
        fields=("scn",),
        passing=({}, {"scn": None}, {"scn": "122914178"}),
        failing=({"scn": "122914177"},),
    ),
    _rule(
        code="ID03",
        severity=Severity.QUERY,
        says="A Scottish Candidate Number was issued when the child was three or older.",
        hint="check in SEEMiS that the number is this child's, and the date of birth",
        source="HESA C07051: the first two digits are the year of issue; the age is derived",
        dimension=Dimension.CONSISTENCY,
        logic=Row("scn_year(scn, months_after(today(), 12)) < year_of(months_after(date_of_birth, 36))"),
        fields=("scn", "date_of_birth"),
        passing=({}, {"scn": None}, {"date_of_birth": None, "expected_date_of_birth": "2015-01-01"}),
        failing=({"date_of_birth": "2016-05-01"},),
    ),
    _rule(
        code="ID04",
        severity=Severity.ERROR,
        says="A Community Health Index number is ten digits, as text with its leading zeros.",
        hint="send the number as the health board holds it; leave it out if it is not known",
        source="Public Health Scotland, phsmethods",
        dimension=Dimension.VALIDITY,
        logic=Row("NOT is_digits(chi, 10)"),
        fields=("chi",),
        passing=({}, {"chi": None}),
        failing=({"chi": "101157509"}, {"chi": "0101 157509"}),
    ),
    _rule(
        code="ID05",
        severity=Severity.ERROR,
        says="A Community Health Index number begins with a real date and has a correct check digit.",
        hint="check the number with the health board; leave it out if it is not known",
        source="Public Health Scotland, phsmethods",
        dimension=Dimension.VALIDITY,
        logic=Row("is_digits(chi, 10) AND NOT is_chi(chi)"),
        fields=("chi",),
        passing=({}, {"chi": None}, {"chi": "0101011237"}),
        failing=({"chi": "0101201234"}, {"chi": "3102157509"}),
    ),
    _rule(
        code="ID06",
        severity=Severity.QUERY,
        says="The date in a Community Health Index number is the child's date of birth.",
        hint="check both with the family and the health board; either may be the wrong one",
        source="Public Health Scotland, phsmethods",
        dimension=Dimension.CONSISTENCY,
        logic=Row("is_chi(chi) AND left_text(chi, 6) <> ddmmyy(date_of_birth)"),
        fields=("chi", "date_of_birth"),
        passing=({}, {"chi": None}, {"chi": "0101201234"}),
        failing=({"date_of_birth": "2015-01-02"},),
    ),
    _rule(
        code="ID07",
        severity=Severity.INFO,
        says="The ninth digit of a Community Health Index number is odd for a boy and even for a girl.",
        hint="for information only: never change the sex, or the number, to make them agree",
        source="Public Health Scotland, phsmethods",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "is_chi(chi) AND (flag('sexes', sex, 'has_odd_chi') AND NOT is_odd_digit(chi, 9)"
            " OR flag('sexes', sex, 'has_odd_chi', 'false') AND is_odd_digit(chi, 9))"
        ),
        fields=("chi", "sex"),
        passing=({}, {"sex": "not_known"}, {"chi": "1502123436", "sex": "male"}),
        failing=({"sex": "male"}, {"chi": "1502123436", "sex": "female"}),
    ),
    _rule(
        code="ID08",
        severity=Severity.REJECT,
        says="The council of home is one of Scotland's 32, or not known, or outside Scotland.",
        hint="send the council's GSS code, S12 and six digits",
        source="National Records of Scotland, GSS codes",
        dimension=Dimension.VALIDITY,
        logic=Codes(("children.local_authority",)),
        fields=("local_authority",),
    ),
    _rule(
        code="ID09",
        severity=Severity.QUERY,
        says="The council's code was in use when the record was made.",
        hint="send the code that replaced it: see maps_to in the code list",
        source="National Records of Scotland, GSS codes; the dates are to be confirmed",
        dimension=Dimension.VALIDITY,
        logic=Row("NOT in_use('local_authorities', local_authority, local_date(recorded_at))"),
        fields=("local_authority",),
        passing=({}, {"local_authority": "not_known"}),
        failing=({"local_authority": "S12000046"},),
    ),
    _rule(
        code="ID10",
        severity=Severity.ERROR,
        says="A date of birth is not in the future.",
        hint="correct it; for an unborn child send expected_date_of_birth",
        source="CLAS",
        dimension=Dimension.VALIDITY,
        logic=Row("date_of_birth > today()"),
        fields=("date_of_birth",),
        failing=({"date_of_birth": "2026-01-16"},),
        passing=({}, {"date_of_birth": "2026-01-15"}),
    ),
    _rule(
        code="ID11",
        severity=Severity.REJECT,
        says="A child has a date of birth, or an expected date of birth while unborn.",
        hint="give date_of_birth, or expected_date_of_birth for an unborn child",
        source="Child protection statistics",
        dimension=Dimension.COMPLETENESS,
        logic=Row("date_of_birth IS NULL AND expected_date_of_birth IS NULL"),
        fields=("date_of_birth", "expected_date_of_birth"),
        passing=({}, _UNBORN | {"expected_date_of_birth": "2025-06-01"}),
        failing=({"date_of_birth": None},),
    ),
    _rule(
        code="ID12",
        severity=Severity.ERROR,
        says=(
            "An unborn child is expected within 300 days of the record, and has a date of birth"
            " (or of death) by 60 days after the expected date."
        ),
        hint="correct the expected date, or send the date of birth",
        source="National Guidance 2021",
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "date_of_birth IS NULL AND (expected_date_of_birth > days_after(local_date(recorded_at), 300)"
            " OR date_of_death IS NULL AND today() > days_after(expected_date_of_birth, 60))"
        ),
        fields=("expected_date_of_birth", "date_of_birth"),
        passing=({}, _UNBORN | {"expected_date_of_birth": "2025-11-20"}),
        failing=(
            _UNBORN | {"expected_date_of_birth": "2025-11-10"},
            _UNBORN | {"expected_date_of_birth": "2026-06-01"},
        ),
    ),
    _rule(
        code="ID13",
        severity=Severity.ERROR,
        says="No two children of one source have the same Community Health Index or Scottish Candidate Number.",
        hint="one of the two is wrong, or both are one child: correct it, or merge the two records",
        source="Practice: one number is one person",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT $key AS record_key FROM children"
            " QUALIFY chi IS NOT NULL AND count(*) OVER (PARTITION BY source, chi) > 1"
            " OR scn IS NOT NULL AND count(*) OVER (PARTITION BY source, scn) > 1"
        ),
        fields=("chi", "scn"),
        passing=(
            {},
            [("children", {}), ("children", {"chi": None, "scn": None})],
            [("children", {}), ("children", {"held": {"source": "nhs-ggc"}})],
            [("children", {"chi": None, "scn": None}), ("children", {"chi": None, "scn": None})],
        ),
        failing=([("children", {}), ("children", {"scn": None})], [("children", {"chi": None}), ("children", {})]),
    ),
    _rule(
        code="ID14",
        severity=Severity.QUERY,
        says="The area that deprivation is read from is that of home, never of a placement.",
        hint="send the data zone of the child's home",
        source="Scottish Government, children looked after statistics",
        dimension=Dimension.VALIDITY,
        logic=Shape("home_data_zone and home_postcode are home's; no family holds the address of a placement"),
        passing=(),
    ),
    _rule(
        code="ID17",
        severity=Severity.ERROR,
        says="A child's date of birth stays as it was first sent.",
        hint="check which date is right; both are kept, and the earlier one is never lost",
        source="Child protection dataset, Research Data Scotland: a corrected copy beside the raw value",
        dimension=Dimension.CONSISTENCY,
        logic=Steady("date_of_birth"),
        fields=("date_of_birth",),
        passing=(
            {},
            [("children", _EARLIER), ("children", {})],
            [("children", _EARLIER | _UNBORN_THEN), ("children", {})],
        ),
        failing=([("children", _EARLIER | {"date_of_birth": "2015-01-02"}), ("children", {})],),
    ),
    codes_of_lists("ID18", "children", "a children record"),
    _rule(
        code="ID19",
        severity=Severity.ERROR,
        says="An unborn child has no date of birth, Community Health Index or Scottish Candidate Number.",
        hint="once the child is born, send the sex as recorded",
        source="Child protection statistics: unborn children are counted apart",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('sexes', sex, 'is_unborn') AND (date_of_birth IS NOT NULL OR chi IS NOT NULL OR scn IS NOT NULL)"
        ),
        fields=("sex", "date_of_birth", "chi", "scn"),
        passing=({}, _UNBORN | {"expected_date_of_birth": "2026-03-01"}),
        failing=({"sex": "unborn"},),
    ),
    _rule(
        code="ID20",
        severity=Severity.ERROR,
        says="A date of death is not before the date of birth and not in the future.",
        hint="correct the date of death or of birth",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("date_of_death < date_of_birth OR date_of_death > today()"),
        fields=("date_of_death", "date_of_birth"),
        passing=({}, {"date_of_death": "2015-01-01"}),
        failing=({"date_of_death": "2014-12-31"}, {"date_of_death": "2026-01-16"}),
    ),
    _rule(
        code="ID21",
        severity=Severity.QUERY,
        says="The child or young person was under 26 when the record was made.",
        hint="check the date of birth; support after care ends at the 26th birthday",
        source="Children (Scotland) Act 1995, section 29",
        dimension=Dimension.ACCURACY,
        logic=Row("age_on(date_of_birth, local_date(recorded_at)) >= 26"),
        fields=("date_of_birth",),
        passing=({}, {"date_of_birth": "1999-03-05"}),
        failing=({"date_of_birth": "1999-03-04"},),
    ),
    _rule(
        code="ID22",
        severity=Severity.ERROR,
        says='"None" stands alone: no disability or need is listed beside it.',
        hint='take away "none", or what stands beside it',
        source="Kith code lists",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "(item_count('disabilities') > 1"
            " AND item_count('disabilities', flag('disabilities', value, 'is_none')) > 0)"
            " OR (item_count('additional_support_needs') > 1"
            " AND item_count('additional_support_needs', flag('additional_support_needs', value, 'is_none')) > 0)"
            " OR (item_count('communication_needs') > 1"
            " AND item_count('communication_needs', flag('communication_needs', value, 'is_none')) > 0)"
        ),
        passing=({}, {"disabilities": []}),
        failing=({"disabilities": ["none", "hearing"]},),
    ),
    _rule(
        code="ID23",
        severity=Severity.QUERY,
        says="An estimated date of birth is given: only a date can be an estimate.",
        hint="give date_of_birth, or leave date_of_birth_estimated out",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("date_of_birth_estimated AND date_of_birth IS NULL"),
        fields=("date_of_birth_estimated", "date_of_birth"),
        passing=({}, {"date_of_birth_estimated": True}),
        failing=(_UNBORN | {"expected_date_of_birth": "2026-03-01", "date_of_birth_estimated": True},),
    ),
    _rule(
        code="ID24",
        severity=Severity.QUERY,
        says="A child with a home data zone in Scotland has a Scottish council of home.",
        hint="give the council of home, or leave the data zone out",
        source="National Records of Scotland, GSS codes",
        dimension=Dimension.CONSISTENCY,
        logic=Row("home_data_zone IS NOT NULL AND flag('local_authorities', local_authority, 'is_council', 'false')"),
        fields=("local_authority", "home_data_zone"),
        passing=({}, {"home_data_zone": None, "local_authority": "outside_scotland"}),
        failing=({"local_authority": "outside_scotland"},),
    ),
    _rule(
        code="ID25",
        severity=Severity.QUERY,
        says="A brother or sister is listed once.",
        hint="take the second mention away",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Unique(("child",), within_record=True),
        fields=("child",),
        table="children_siblings",
        failing=(
            {"siblings": [{"child": "child-0002", "relation": "full"}, {"child": "child-0002", "relation": "half"}]},
        ),
        passing=(
            {},
            {"siblings": [{"child": "child-0002", "relation": "full"}, {"child": "child-0003", "relation": "half"}]},
        ),
    ),
    _rule(
        code="ID28",
        severity=Severity.QUERY,
        says="A child has one Scottish Candidate Number, whoever holds it.",
        hint="check in SEEMiS which number is the child's; if these are two children, ask for the link to be undone",
        source="Scottish Government statisticians' checks: more than one candidate number to a child",
        dimension=Dimension.CONSISTENCY,
        logic=_one_number("scn"),
        fields=("scn",),
        passing=(
            {},
            [("children", {}), ("children", _HEALTH)],
            [("children", {}), ("children", _HEALTH | {"scn": "122914177"})],
        ),
        failing=([("children", {}), ("children", _HEALTH | {"scn": "122914178"})],),
    ),
    _rule(
        code="ID29",
        severity=Severity.QUERY,
        says="A child has one Community Health Index number, whoever holds it.",
        hint="check with the health board which number is in use, or that these are not two children",
        source="Public Health Scotland, phsmethods",
        dimension=Dimension.CONSISTENCY,
        logic=_one_number("chi"),
        fields=("chi",),
        passing=({}, [("children", {}), ("children", _HEALTH)]),
        failing=([("children", {}), ("children", _HEALTH | {"chi": "1502123436"})],),
    ),
    no_stand_in_dates("ID30", BY_NAME["children"], failing=({"date_of_birth": "1900-01-02"},)),
    _rule(
        code="ID31",
        severity=Severity.QUERY,
        says="Of a child who is not born yet the sex is unborn, or not known.",
        hint="send the sex as unborn until the child is born, and then the date of birth too",
        source="England CIN census rule 8750, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "date_of_birth IS NULL AND NOT flag('sexes', sex, 'is_unborn') AND NOT flag('sexes', sex, 'is_not_known')"
        ),
        fields=("sex", "date_of_birth"),
        passing=({}, _UNBORN | {"expected_date_of_birth": "2026-03-01"}),
        failing=(_UNBORN | {"expected_date_of_birth": "2026-03-01", "sex": "female"},),
    ),
    _rule(
        code="ID32",
        severity=Severity.INFO,
        says="A child's sex stays as it was first sent, once it is known.",
        hint="for information: a correction, or a change that is the child's own",
        source="England SSDA903 rule 202, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Steady(
            "sex", unless="flag('sexes', earlier.sex, 'is_unborn') OR flag('sexes', earlier.sex, 'is_not_known')"
        ),
        fields=("sex",),
        passing=({}, [("children", _EARLIER | {"sex": "not_known"}), ("children", {})]),
        failing=([("children", _EARLIER | {"sex": "male"}), ("children", {})],),
    ),
    _rule(
        code="ID33",
        severity=Severity.INFO,
        says="A child's ethnic group stays as it was first sent, once it is known.",
        hint="for information: it is as the child or the family describes it",
        source="England SSDA903 rule 204, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Steady("ethnic_group", unless="flag('ethnic_groups', earlier.ethnic_group, 'is_not_known')"),
        fields=("ethnic_group",),
        passing=({}, [("children", _EARLIER | {"ethnic_group": None}), ("children", {})]),
        failing=([("children", _EARLIER | {"ethnic_group": "african"}), ("children", {})],),
    ),
    _rule(
        code="ID34",
        severity=Severity.QUERY,
        says="A child's Scottish Candidate Number stays as it was first sent.",
        hint="check in SEEMiS that the number is this child's",
        source="England SSDA903 rule 208, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Steady("scn"),
        fields=("scn",),
        passing=({}, [("children", _EARLIER | {"scn": None}), ("children", {})]),
        failing=([("children", _EARLIER | {"scn": "122914178"}), ("children", {})],),
    ),
    _rule(
        code="ID35",
        severity=Severity.QUERY,
        says="A child's Community Health Index number stays as it was first sent.",
        hint="check with the health board: a number may be issued anew",
        source="England SSDA903 rule 208, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Steady("chi"),
        fields=("chi",),
        passing=({}, [("children", _EARLIER | {"chi": None}), ("children", {})]),
        failing=([("children", _EARLIER | {"chi": "1502123436"}), ("children", {})],),
    ),
    _rule(
        code="ID36",
        severity=Severity.QUERY,
        says="A disability is listed once.",
        hint="take the second mention away",
        source="England CIN census rules 8790 and 8794, logic only",
        dimension=Dimension.UNIQUENESS,
        logic=Unique(("value",), within_record=True),
        fields=("value",),
        table="children_disabilities",
        passing=({}, {"disabilities": ["hearing", "vision"]}),
        failing=({"disabilities": ["hearing", "hearing"]},),
    ),
    _rule(
        code="ID37",
        severity=Severity.QUERY,
        says="An additional support need is listed once.",
        hint="take the second mention away",
        source="England CIN census rules 8790 and 8794, logic only",
        dimension=Dimension.UNIQUENESS,
        logic=Unique(("value",), within_record=True),
        fields=("value",),
        table="children_additional_support_needs",
        passing=({},),
        failing=({"additional_support_needs": ["dyslexia", "dyslexia"]},),
    ),
)

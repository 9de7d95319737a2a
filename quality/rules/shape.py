"""Rules that every record meets at the door, by the shape of the contract."""

from quality.rule import EVERY_FAMILY, Dimension, Rule, Severity, Shape

_V = Dimension.VALIDITY


def _shape(code: str, says: str, hint: str, met_by: str, dimension: Dimension = _V) -> Rule:
    return Rule(
        code=code,
        family=EVERY_FAMILY,
        severity=Severity.REJECT,
        says=says,
        hint=hint,
        source="Kith contract",
        dimension=dimension,
        logic=Shape(met_by),
        passing=(),
    )


RULES = (
    _shape(
        "SH01",
        "A record is one JSON object in UTF-8, without duplicate keys, NaN, NUL or integers beyond 2^53-1.",
        "send one JSON object; on a batch line, one object on one line",
        "the reader of JSON",
    ),
    _shape("SH02", "Every required field is given.", "give the field", "the contract", Dimension.COMPLETENESS),
    _shape(
        "SH03", "Only fields of the contract are given.", "leave the field out, or correct its name", "the contract"
    ),
    _shape(
        "SH04", "A date exists and is written YYYY-MM-DD, from 1900 to 2199.", "write it as 2024-02-29", "the contract"
    ),
    _shape(
        "ID16",
        "An instant is written with its offset from UTC.",
        "write it as 2024-02-29T09:30:00+00:00",
        "the contract",
    ),
    _shape(
        "SH05",
        "A field holds the type of value that the contract says.",
        "see the schema of the family",
        "the contract",
    ),
    _shape("SH06", "Text, numbers and lists are within their bounds.", "see the schema of the family", "the contract"),
    _shape(
        "SH07",
        "A field that is said to be absent is a field of the record and is absent.",
        "remove it from `absent`, or remove its value",
        "the contract",
        Dimension.CONSISTENCY,
    ),
    _shape(
        "SH08",
        "A record is not recorded in the future.",
        "check the clock of the posting system; ten minutes are allowed",
        "the service's clock",
        Dimension.TIMELINESS,
    ),
    _shape(
        "SH10",
        "A retraction that merges a record into another names that other, and no other retraction does.",
        "give replaced_by with the reason merged, and leave it out with any other",
        "the contract of retractions",
        Dimension.CONSISTENCY,
    ),
    _shape("SH09", "A family and a source_id are well formed.", "see /openapi.json for both", "the path or batch line"),
)

"""What goes into a cell of a spreadsheet that others open."""

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """A cell's text; what a spreadsheet would take for a formula is told to be text by an apostrophe."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text

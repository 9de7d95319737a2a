"""When a change is larger than usual among agencies (ST02): from one year, or one run, to the next."""

FEWEST_RECORDS, FEWEST_AGENCIES, DEVIATIONS = 20, 5, 3
"""Records on either side and agencies to compare with for a change to be judged; more than 3 median absolute
deviations from the median change of the agencies is larger than usual."""
LEAST_POINTS, LEAST_SHARE = 0.01, 0.1
"""A change of a score, and of a count as a share of it, that is never larger than usual, however alike agencies are."""

#!/usr/bin/env python3
"""Post a file of batch lines to Kith, with Python's standard library only.

    post.py SOURCE FILE

Needs KITH_URL, KITH_CLIENT_ID and KITH_CLIENT_SECRET. Exit codes: 0 everything
delivered, 1 lines were refused (they are printed), 2 it could not be posted.
"""

import base64
import hashlib
import http.client
import itertools
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

LINES_AT_ONCE = 500
ASKED_AGAIN = {429, 502, 503, 504}
MOST_TRIES = 8
LONGEST_WAIT = 120


class Refused(Exception):
    """The service refused a call; the message says why."""


def ask(url, body, headers):
    """The body of an answer; asks again where the answer says nothing against what was sent."""
    for tries in range(MOST_TRIES):
        request = urllib.request.Request(url, data=body, headers=headers)
        retry_after = None
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in ASKED_AGAIN:
                raise Refused(f"{error.code}: {title(error.read())}") from error
            why, retry_after = f"the service answered {error.code}", error.headers.get("Retry-After")
        except (OSError, http.client.HTTPException) as error:
            why = f"the connection failed ({type(error).__name__})"
        wait = int(retry_after) if retry_after and retry_after.isdecimal() else 2**tries * random.uniform(0.5, 1)
        print(f"{why}; asking again in {min(wait, LONGEST_WAIT):.0f} s", file=sys.stderr)
        time.sleep(min(wait, LONGEST_WAIT))
    raise Refused(f"{why}, {MOST_TRIES} times")


def title(body):
    try:
        return json.loads(body)["title"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def token(service, client_id, secret):
    """A token, good for an hour."""
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    return json.loads(ask(f"{service}/oauth/token", b"grant_type=client_credentials", headers))["access_token"]


def post(service, source, bearer, lines):
    """Post one batch; its results, one a line."""
    body = b"".join(lines)
    headers = {
        "Authorization": f"Bearer {bearer}",
        "Content-Type": "application/x-ndjson",
        # The same lines make the same key: sent twice, they are taken once and answered with the first report.
        "Idempotency-Key": hashlib.sha256(source.encode() + b"\n" + body).hexdigest(),
    }
    told = json.loads(ask(f"{service}/v1/sources/{source}/batches", body, headers))
    results = ask(service + told["results_url"], None, {"Authorization": f"Bearer {bearer}"})
    return [json.loads(line) for line in results.splitlines() if line]


def main(source, path):
    service = os.environ["KITH_URL"].rstrip("/")
    client = os.environ["KITH_CLIENT_ID"], os.environ["KITH_CLIENT_SECRET"]
    refused = 0
    with open(path, "rb") as file:
        lines = (line for line in file if line.strip())
        while batch := list(itertools.islice(lines, LINES_AT_ONCE)):
            bearer = token(service, *client)  # one a batch: it lasts an hour, and a long file may take longer
            for result in post(service, source, bearer, batch):
                if result["result"] == "rejected":
                    print(json.dumps(result))
                    refused += 1
    return 1 if refused else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (Refused, KeyError, OSError) as error:
        print(f"Not posted: {error!r}", file=sys.stderr)
        sys.exit(2)

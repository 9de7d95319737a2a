#!/usr/bin/env bash
# Post a file of batch lines to Kith with curl.       post.sh SOURCE FILE
# Needs KITH_URL, KITH_CLIENT_ID and KITH_CLIENT_SECRET. The file goes as one batch: 10,000 lines and 32 MiB at most.
# Exit codes: 0 everything delivered, 1 lines were refused (they are printed), 2 it could not be posted.
set -euo pipefail

source=${1:?which source}
file=${2:?which file}
: "${KITH_URL:?} ${KITH_CLIENT_ID:?} ${KITH_CLIENT_SECRET:?}"
most_tries=8
longest_wait=120

private=$(mktemp -d) # readable by this user only: no secret stands in the list of processes
trap 'rm -rf "$private"' EXIT

# ask CURL-ARGUMENTS...: the answer's body is in $private/body, its status in $status.
ask() {
  local try wait
  for ((try = 0; try < most_tries; try++)); do
    : >"$private/headers" >"$private/body"
    status=$(curl -sS --max-time 120 -o "$private/body" -D "$private/headers" -w '%{http_code}' "$@") || status=000
    case $status in
      000 | 429 | 502 | 503 | 504) ;; # it says nothing against what was sent: ask again
      *) return ;;
    esac
    wait=$(tr -d '\r' <"$private/headers" | sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,6\}\)$/\1/p')
    wait=${wait:-$((2 ** try))}
    ((wait > longest_wait)) && wait=$longest_wait
    echo "The service answered $status; asking again in $wait s." >&2
    sleep "$wait"
  done
  stop "no better answer than $status"
}

stop() {
  echo "Not posted: $1." >&2
  sed -n 's/.*"title": *"\([^"]*\)".*/\1/p' "$private/body" >&2 || true
  exit 2
}

member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$private/body"; }

printf 'user = "%s:%s"\n' "$KITH_CLIENT_ID" "$KITH_CLIENT_SECRET" >"$private/client"
ask -K "$private/client" -d grant_type=client_credentials "$KITH_URL/oauth/token"
[ "$status" = 200 ] || stop "no token ($status)"
printf 'header = "Authorization: Bearer %s"\n' "$(member access_token)" >"$private/token"

# The same file of the same source makes the same key: sent twice, it is taken once and answered with the first report.
key=$({ printf '%s\n' "$source" && cat "$file"; } | sha256sum | cut -d' ' -f1)
ask -K "$private/token" -H "Content-Type: application/x-ndjson" -H "Idempotency-Key: $key" \
  --data-binary "@$file" "$KITH_URL/v1/sources/$source/batches"
[ "$status" = 200 ] || stop "the batch was refused ($status)"

ask -K "$private/token" "$KITH_URL$(member results_url)"
[ "$status" = 200 ] || stop "no results ($status)"
if grep '"result": *"rejected"' "$private/body"; then
  exit 1
fi

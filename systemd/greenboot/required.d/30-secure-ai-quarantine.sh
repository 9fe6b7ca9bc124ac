#!/bin/sh
# Greenboot, required: this boot is good only if models are examined. A fault here makes Greenboot boot again, and
# after some tries the image before; so only what another image can mend is a fault. Changes nothing, asks nobody
# outside this machine, ends within ten seconds.
set -uf

program=${AIQ_PROGRAM:-/usr/bin/ai-quarantine}
etc=${AIQ_ETC:-/etc/secure-ai}
share=${AIQ_SHARE:-/usr/share/ai-quarantine}
var=${AIQ_VAR:-/var/lib}
coordinator=secure-ai-quarantine.service
units='secure-ai-quarantine.path secure-ai-quarantine-examine.socket secure-ai-quarantine-scanner.socket
secure-ai-quarantine-smoke.socket secure-ai-quarantine-health.service'
patience=${AIQ_PATIENCE:-6} # seconds for each check; they run side by side
least_free_mib=64           # Below this not even a refusal can be recorded. The policy's own reserve is a wanted check.

# An appliance with a vault is set up when its vault is; until then its services wait. Without a vault it always is.
is_set_up() { [ ! -d "$var/secure-ai/vault" ] || [ -e "$var/secure-ai/vault/.initialized" ]; }

# Where the coordinator's unit, or the operator's file, says that things are; else the usual places.
use_settings() {
  quarantine=$var/secure-ai/quarantine
  AUDIT_LOG_PATH=$var/secure-ai/logs/quarantine-audit.jsonl
  STATE_DIRECTORY=$var/secure-ai-quarantine
  for setting in $(timeout 1 systemctl show --property=Environment,StateDirectory "$coordinator" 2>/dev/null) \
    $(grep -hs '^[A-Z_]*=/' "$etc/quarantine.env"); do
    setting=${setting#Environment=}
    case $setting in
      StateDirectory=?*) STATE_DIRECTORY=$var/${setting#*=} ;;
      QUARANTINE_DIR=/*/incoming) quarantine=$(dirname -- "${setting#*=}") ;;
      *_BIN=/* | AUDIT_LOG_PATH=/* | POLICY_PATH=/* | STATE_DIRECTORY=/*) export "${setting?}" ;;
    esac
  done
  export AUDIT_LOG_PATH STATE_DIRECTORY
  if [ -e "$etc/keys/audit-hmac.key" ]; then export AUDIT_HMAC_KEY_PATH="$etc/keys/audit-hmac.key"; fi
}

# Every check prints its faults, one a line, and nothing when there is none.

# Asks the program. Unless it answers with 0: what is wrong then, and what it said.
ask() { # what is wrong, arguments...
  wrong=$1
  shift
  said=$(timeout "$patience" "$program" "$@" 2>&1)
  code=$?
  case $code in
    0) return ;;
    124) said="no answer within $patience s" ;;
  esac
  echo "$wrong: $(printf %s "${said:-exit $code}" | tr '\n' ' ' | cut -c 1-400)"
}

check_units() {
  waited=0 # Some may still be starting.
  while :; do
    # shellcheck disable=SC2086 # One word a unit, one line of the answer a word.
    states=$(timeout "$patience" systemctl is-active $units "$coordinator" 2>/dev/null)
    case $states in *activating*) [ "$waited" -ge 4 ] && break ;; *) break ;; esac
    sleep 1
    waited=$((waited + 1))
  done
  # shellcheck disable=SC2086
  set -- $states
  for unit in $units $coordinator; do
    case $unit=${1:-} in
      *=) echo 'systemd does not say which units are active' && return ;;
      "$coordinator=failed") echo "$unit has failed (journalctl -u $unit)" ;;
      *=active | "$coordinator="*) ;;
      *) echo "$unit is $1 (systemctl status $unit)" ;;
    esac
    shift
  done
}

check_policy() {
  policy=${POLICY_PATH:-$etc/policy/policy.yaml}
  if [ -z "${POLICY_PATH:-}" ] && [ ! -e "$policy" ]; then policy=$share/policy/policy.yaml; fi
  ask 'the policy cannot be worked by' policy lint --installed "$policy"
}

check_places() {
  for place in incoming scanning held rejected; do
    [ -d "$quarantine/$place" ] || echo "$quarantine/$place is missing (systemd-tmpfiles --create)"
  done
  for place in "$quarantine" "$(dirname -- "$AUDIT_LOG_PATH")"; do
    free_kib=$(df -Pk -- "$place" 2>/dev/null | awk 'NR == 2 { print $4 }')
    if [ -z "$free_kib" ]; then
      echo "$place cannot be looked at"
    elif [ "$free_kib" -lt "$((least_free_mib * 1024))" ]; then
      echo "$place has $((free_kib / 1024)) MiB free, at least $least_free_mib are needed"
    fi
  done
}

if ! is_set_up; then
  echo 'ai-quarantine: not set up yet (the vault has not been initialised): nothing to check'
  exit 0
fi
if [ ! -x "$program" ]; then
  echo "ai-quarantine: FAIL: $program is not installed"
  exit 1
fi
use_settings
found=$(mktemp -d) || exit 1
trap 'rm -rf "$found"' EXIT
check_units >"$found/units" &
ask 'the health server does not answer' health --probe live >"$found/server" &
check_policy >"$found/policy" &
ask 'the audit log does not hold' audit verify --head >"$found/audit" &
check_places >"$found/places" &
wait
faults=$(cd "$found" && cat units server policy audit places) || exit 1
if [ -n "$faults" ]; then
  printf '%s\n' "$faults" | sed 's/^/ai-quarantine: FAIL: /'
  exit 1
fi
echo 'ai-quarantine: healthy'

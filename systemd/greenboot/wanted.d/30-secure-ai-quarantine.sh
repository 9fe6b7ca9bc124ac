#!/bin/sh
# Greenboot, wanted: what an operator should look at, and what another image would not mend. A warning changes nothing
# about the boot. Asks nobody outside this machine, ends within ten seconds.
set -u

program=${AIQ_PROGRAM:-/usr/bin/ai-quarantine}
vault=${AIQ_VAR:-/var/lib}/secure-ai/vault
quarantine=${AIQ_VAR:-/var/lib}/secure-ai/quarantine
reserve_mib=${AIQ_RESERVE_MIB:-2048} # quarantine.free_space_reserve_mib of the shipped policies
warned=0

warn() {
  printf 'ai-quarantine: WARNING: %s\n' "$*"
  warned=1
}

if [ -d "$vault" ] && [ ! -e "$vault/.initialized" ]; then
  echo 'ai-quarantine: not set up yet (the vault has not been initialised): nothing to check'
  exit 0
fi

if ! said=$(timeout 7 "$program" health --probe ready 2>&1); then
  warn "not ready: $(printf %s "${said:-no answer}" | tr '\n' ' ' | cut -c 1-400)"
fi

free_kib=$(df -Pk -- "$quarantine" 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ "${free_kib:-0}" -lt "$((reserve_mib * 1024))" ]; then
  warn "$quarantine has $((${free_kib:-0} / 1024)) MiB free, $reserve_mib are kept in reserve: models will wait"
fi

held=0
for artifact in "$quarantine"/held/*; do
  case $artifact in
    *.report.json) ;;
    *) [ ! -e "$artifact" ] || held=$((held + 1)) ;;
  esac
done
[ "$held" -eq 0 ] || warn "$held held and not decided (ai-quarantine list)"

[ "$warned" -ne 0 ] || echo 'ai-quarantine: nothing to warn of'
exit "$warned"

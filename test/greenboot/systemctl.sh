#!/bin/sh
# Stands for systemctl: answers from a table of `UNIT STATE` lines and a file of properties beside it.
here=$(dirname "$0")
[ ! -e "$here/hangs" ] || exec sleep 60
case $1 in
  is-active)
    shift
    answer=0
    for unit; do
      state=$(sed -n "s/^$unit //p" "$here/units")
      echo "${state:-inactive}"
      [ "$state" = active ] || answer=3
    done
    exit "$answer"
    ;;
  show) cat "$here/settings" ;;
  *) exit 1 ;;
esac

#!/bin/sh
# Behaves as greenboot's documentation says, below a directory that stands for /: every check of required.d must exit 0,
# those of wanted.d may fail; then the scripts of green.d run or those of red.d. Vendor checks lie in /usr/lib, the
# administrator's in /etc; alphabetical within each.
# https://github.com/fedora-iot/greenboot
root=$1
outcome=green

run() { # directory, what a failure means
  for folder in "$root/usr/lib/greenboot" "$root/etc/greenboot"; do
    for script in "$folder/$1"/*.sh; do
      [ -x "$script" ] || continue
      "$script" 2>&1 || {
        echo "greenboot: $1/$(basename "$script") failed with $?"
        [ "$2" != red ] || outcome=red
      }
    done
  done
}

run check/required.d red
run check/wanted.d warning
run "$outcome.d" nothing
echo "greenboot: $outcome"
[ "$outcome" = green ]

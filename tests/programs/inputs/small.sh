#!/bin/bash
# SPDX-License-Identifier: MIT
# No subshells: what forks has no place here yet.
# What looks odd is what is tried here.
# shellcheck disable=all
set -u
declare -A squares
for ((i = 0; i < 10; i++)); do squares[$i]=$((i * i)); done
echo "${squares[3]} ${squares[9]} ${#squares[@]} $# ${1-} ${0##*/} $BASH_SUBSHELL"
while read -r a b; do printf '%s|%s\n' "$b" "$a"; done <<<"one two"
f() { local x=$1; ((x > 0)) && f $((x - 1)); echo -n "$x "; }
f 5
echo
printf 'line %d\n' {1..3} >out.txt
mapfile -t lines <out.txt
echo "${lines[1]} ${#lines[@]} ${lines[*]/line/Zeile}"
cd / && echo "$PWD" "$OLDPWD" >/dev/null && cd "$OLDPWD" || exit 9
[[ -f out.txt && ! -e /nowhere && abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
trap 'echo caught USR1' USR1
kill -USR1 $$
echo *.txt /etc/host??
{ echo to a file; echo and stderr >&2; } >both.txt
exec 3<both.txt
read -r -u 3 got
echo "$got" $((16#ff)) "${got^^}" "${got:3:4}"
shopt -s nullglob
echo none*
exec busybox sh -c 'echo replaced by $0; exit 5' busybox

#!/bin/bash
# SPDX-License-Identifier: MIT
# Traps of every kind, signals to oneself, errors.
# What looks odd is what is tried here.
# shellcheck disable=all
trap 'echo "exit $? after $count signals"' EXIT
count=0
for sig in USR1 USR2 HUP TERM INT ALRM WINCH 40; do
	trap "((++count)); echo caught $sig" "$sig"
done
for sig in USR1 USR2 HUP TERM INT ALRM WINCH 40 USR1; do kill -s "$sig" $$; done
trap -p USR1 HUP
trap '' USR2
kill -USR2 $$ && echo ignored
trap - WINCH
kill -WINCH $$ && echo 'by default nothing'
on_error() { echo "error $? in line $1 of ${FUNCNAME[1]:-main}: $BASH_COMMAND"; }
set -E
trap 'on_error $LINENO' ERR
f() { local x; false; return 3; }
f
false || echo 'no trap here'
if ! false; then echo 'nor here'; fi
trap - ERR
trap 'steps=$((${steps-0} + 1))' DEBUG
a=1
b=2
((a + b))
trap - DEBUG
echo "steps $steps"
g() { trap 'echo "returns from ${FUNCNAME[0]}"' RETURN; echo in g; }
g
trap - RETURN
nested() { kill -USR1 $$; echo 'after the handler'; }
trap 'trap - USR1; nested2' USR1
nested2() { echo nested; kill -HUP $$; echo done; }
nested
(( 1 / 0 )) || echo "status $?"
unset -v nothing
set -u
{ echo "${nothing:-unset}"; } 2>&1
trap 'echo "read is interrupted: $count"' TERM
kill -TERM $$
read -r -t 0.05 line </dev/zero
echo "read: $(( $? > 0 ))"
kill -l 9 15 40
kill -0 $$ && echo alive
kill -USR1 99999999 2>/dev/null || echo nobody
wait
wait 12345 2>/dev/null
echo "wait: $?"
exit 17

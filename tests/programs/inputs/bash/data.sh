#!/bin/bash
# SPDX-License-Identifier: MIT
# Arrays, associative ones, references, scopes; an interpreter for a small stack language; the game of life.
# What looks odd is what is tried here.
# shellcheck disable=all
declare -A age=([anna]=31 [bert]=7 ["with space"]=1)
age[carl]=55; unset 'age[bert]'
for k in "${!age[@]}"; do keys+=("$k"); done
echo "${#age[@]} ${age[with space]} ${age[nobody]-none} ${#keys[@]}"
sparse=([3]=c [10]=j); sparse+=(k); sparse[20]=t; unset 'sparse[10]'
declare -p sparse; echo "${!sparse[@]} ${sparse[@]: -2}"
matrix=(1 2 3 4 5 6 7 8 9)
for r in 0 1 2; do for c in 0 1 2; do echo -n "${matrix[c * 3 + r]} "; done; done; echo
refer() { local -n to=$1; to=changed; to2=global; local inner=hidden; peek; }
peek() { echo "sees $inner"; }
value=before; refer value; echo "$value $to2 ${inner-gone}"
readonly fixed=1; { fixed=2; } 2>/dev/null; echo "still $fixed"
declare -u upper=abc; declare -l lower=ABC; declare -r both=x; echo $upper $lower; declare -p upper both
f() { echo "$FUNCNAME $# ${FUNCNAME[1]} ${BASH_LINENO[0]}"; set -- x y; echo "$*"; }
f 1 2 3
args() { local IFS=+; echo "$*" "${@:2}" "${@: -1}" "$#"; }
args a 'b c' d
stack=()
run() {
	local w i
	for w in "$@"; do
		case $w in
		[0-9]*) stack+=("$w") ;;
		[-+x/]) i=${#stack[@]}; w=${w/x/*}
			stack[i-2]=$((stack[i - 2] $w stack[i - 1])); unset "stack[i-1]" ;;
		dup) stack+=("${stack[-1]}") ;;
		.) echo "${stack[-1]}"; unset 'stack[-1]' ;;
		:*) eval "word_${w#:}() { run ${body[${w#:}]}; }" ;;
		*) if declare -F "word_$w" >/dev/null; then "word_$w"; else echo "what is $w?"; fi ;;
		esac
	done
}
declare -A body=([square]='dup x' [cube]='dup dup x x')
run 3 4 + 5 x . :square 12 square . :cube 3 cube . nonsense 7 2 / .
declare -A cell=([1,0]=1 [2,1]=1 [0,2]=1 [1,2]=1 [2,2]=1)
for ((gen = 0; gen < 4; gen++)); do
	declare -A near=()
	for k in "${!cell[@]}"; do
		x=${k%,*} y=${k#*,}
		for dx in -1 0 1; do for dy in -1 0 1; do
			((dx || dy)) && ((near[$((x + dx)),$((y + dy))]++))
		done; done
	done
	declare -A next=()
	for k in "${!near[@]}"; do
		((near[$k] == 3)) || { ((near[$k] == 2)) && [[ -v cell[$k] ]]; } && next[$k]=1
	done
	unset cell; declare -A cell
	for k in "${!next[@]}"; do cell[$k]=1; done
done
for ((y = 0; y < 5; y++)); do
	for ((x = 0; x < 5; x++)); do [[ -v cell[$x,$y] ]] && printf '#' || printf .; done; echo
done
select choice in red green blue; do echo "chose $choice ($REPLY)"; [[ $choice == green ]] && break; done <<<$'3\n9\n2\n' 2>/dev/null
time_it() { local TIMEFORMAT=''; time :; }
time_it
echo "${BASH_SOURCE[0]##*/} $SHLVL $((SECONDS < 60)) ${PIPESTATUS[0]} $- ${GROUPS[0]}" >/dev/null
set -e
trap 'echo "set -e ends it in line $LINENO"' EXIT
if false; then :; fi
false && true
[[ a == b ]] || true
false
echo never

#!/bin/bash
# SPDX-License-Identifier: MIT
# A report of a table: options, fields, sorting, sums. No subshell.
# What looks odd is what is tried here.
# shellcheck disable=all
set -eu
usage() {
	printf 'usage: %s [-r] [-n LINES] [-s FIELD] [-d CHAR] [FILE]\n' "${0##*/}" >&2
	exit "$1"
}
reverse=0 lines=0 sort_by='' delim=:
while getopts ':rhn:s:d:' opt; do
	case $opt in
	r) reverse=1 ;;
	n) lines=$OPTARG ;;
	s) sort_by=$OPTARG ;;
	d) delim=$OPTARG ;;
	h) usage 0 ;;
	:) echo "-$OPTARG needs a value" >&2; usage 2 ;;
	*) echo "-$OPTARG is unknown" >&2; usage 2 ;;
	esac
done
shift $((OPTIND - 1))
[[ $# -le 1 ]] || usage 2
exec 3<"${1:-/dev/stdin}"
IFS=$delim read -r -u 3 -a head
declare -A column
for i in "${!head[@]}"; do column[${head[i]}]=$i; done
rows=()
while IFS= read -r -u 3 line || [[ -n $line ]]; do
	[[ $line == *"$delim"* ]] || continue
	rows+=("$line")
done
exec 3<&-

field() { # row number, field name: into REPLY
	local -a parts
	IFS=$delim read -r -a parts <<<"${rows[$1]}"
	REPLY=${parts[${column[$2]}]}
}
less_than() {
	field "$1" "$sort_by"; local x=$REPLY
	field "$2" "$sort_by"; local y=$REPLY
	if [[ $x =~ ^[0-9]+$ && $y =~ ^[0-9]+$ ]]; then ((x < y)); else [[ $x < $y ]]; fi
}
if [[ -n $sort_by ]]; then
	[[ -v column[$sort_by] ]] || { echo "no field $sort_by; there are: ${head[*]}" >&2; exit 3; }
	for ((i = 1; i < ${#rows[@]}; i++)); do # by insertion: keeps the order of equals
		for ((j = i; j > 0; j--)); do
			less_than $j $((j - 1)) || break
			swap=${rows[j]} rows[j]=${rows[j - 1]} rows[j - 1]=$swap
		done
	done
fi
if ((reverse)); then
	turned=()
	for ((i = ${#rows[@]} - 1; i >= 0; i--)); do turned+=("${rows[i]}"); done
	rows=("${turned[@]}")
fi
((lines == 0)) || rows=("${rows[@]:0:lines}")
declare -A sums=()
for line in "${rows[@]}"; do
	IFS=$delim read -r -a parts <<<"$line"
	printf '|'
	for i in "${!head[@]}"; do
		printf ' %-8s|' "${parts[i]}"
		[[ ${parts[i]} =~ ^[0-9]+$ ]] && sums[${head[i]}]=$((${sums[${head[i]}]:-0} + parts[i]))
	done
	echo
done || true
for name in "${head[@]}"; do
	[[ -v sums[$name] ]] && echo "sum of $name: ${sums[$name]}"
done || true
echo "${#rows[@]} rows" >report.out

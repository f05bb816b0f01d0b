#!/bin/bash
# SPDX-License-Identifier: MIT
# Descriptors, redirections, tests of files, mapfile, source, positions that are shared.
# What looks odd is what is tried here.
# shellcheck disable=all
exec 4>log 5<text 6<>both
echo one >&4; printf 'two\n' >&4; { echo three; echo four >&2; } >&4 2>&1
read -r -u 5 a; read -r -u 5 -n 3 b; read -r -u 5 -d w c; read -r -u 5 -N 4 d
printf '[%s]\n' "$a" "$b" "$c" "$d"
echo written >&6; exec 6<&-
exec 6<both; read -r x <&6; echo "$x"
exec 7>&4; exec 4>&-; echo through seven >&7; exec 7>&-
mapfile -t lines <log; echo "${#lines[@]} ${lines[3]} ${lines[-1]}"
tell() { echo "line $1: ${2%$'\n'}"; }
mapfile -C tell -c 2 -s 1 -n 5 some <text
mapfile -d ' ' -t -n 4 -O 2 parts <text; declare -p parts
echo appended >>log; : >empty2; >|log2
set -o noclobber; { echo no >log; } 2>/dev/null || echo 'not overwritten'; echo yes >|log3; set +o noclobber
[[ -e log && -f log && -r log && ! -x log && -s log && ! -s empty2 && -d dir && -L dir/link && log -ef ./log ]] && echo tested
[[ dir/b.txt -ef dir/b2.txt ]] && echo 'one file'
[[ log -nt text && ! log -ot text && -p /dev/stdin || -e /dev/null && -c /dev/null ]] && echo 'and these'
{ read -r one; read -r two; } <text; echo "$one/$two"
while read -r -u 8 n w _; do [[ $w == fox ]] && echo "$n" && break; done 8<text
echo 'arguments=$#; last=${!#}; inner() { echo "inner of ${BASH_SOURCE[0]##*/}"; }; return 7' >lib.sh
source ./lib.sh a b c; echo "$? $arguments $last"; inner
pushd dir >/dev/null; cd deep/er; echo "${PWD##*/cwd/}"; cd -P ../../link; echo "${PWD##*/cwd/}"; popd >/dev/null; echo "${PWD##*/}" "${#DIRSTACK[@]}"
umask 077; : >secret; umask -S; umask 022
[[ -O secret && -G secret ]] && echo mine
ulimit -n 64; ulimit -n; ulimit -c; ulimit -S -s >/dev/null && echo limits
{ exec 99>&1; } 2>/dev/null || echo 'no such descriptor'
{ read -r n </nowhere/at/all; } 2>/dev/null || echo "status $?"
echo out; echo err >&2
echo both &>all; echo more &>>all; mapfile -t got <all; echo "${got[*]}"
printf '%s\n' "${BASH_VERSINFO[0]}" "$BASHOPTS" >/dev/null
echo {x,y}.new >"name with space"; read -r n <"name with space"; echo "$n"
exec 9<<<'here string'; read -r -u 9 h; echo "$h"; exec {fd}>var.out; echo "fd $((fd >= 10))" >&$fd; exec {fd}>&-
read -r v <var.out; echo "$v"
history -c; alias ll='echo aliased'; shopt -s expand_aliases
eval 'll again'
type -t ll echo if source nowhere; hash -r; command -v bash >/dev/null; enable -n test; type -t test; enable test
exec >redirected 2>&1
echo into the file
builtin nothing
exit 0

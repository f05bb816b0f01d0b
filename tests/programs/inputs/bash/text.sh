#!/bin/bash
# SPDX-License-Identifier: MIT
# Strings: expansions, patterns, formats.
# What looks odd is what is tried here.
# shellcheck disable=all
shopt -s extglob nullglob globstar
s='The quick brown fox jumps over the lazy dog'
echo "${#s} ${s:4:5} ${s: -3} ${s#* } ${s##* } ${s%o*} ${s%%o*}"
echo "${s/fox/cat} ${s//o/0} ${s/#The/A} ${s/%dog/end} ${s//[aeiou]}"
echo "${s^^} ${s,,} ${s~} ${s@Q} ${s^^[a-m]}"
words=($s)
echo "${#words[@]} ${words[-1]} ${words[@]:2:3} ${words[*]^} ${!words[*]}"
printf '%s\n' "${words[@]/#/<}" "${words[@]/%/>}"
IFS=, ; echo "${words[*]}"; unset IFS
printf '[%5s][%-5s][%05d][%x][%X][%o][%e][%.3g][%c][%%]\n' ab cd 42 255 255 8 12345.678 0.0001234 xyz
printf '%q %q %q\n' 'a b' "it's" $'new\nline'
printf '%b' 'tab\there\n' 'oct \101\n' 'hex \x42\n'
printf -v made '%03d-%s' 7 x; echo "$made"
TZ=UTC printf '%(%Y-%m-%d %H:%M:%S)T\n' 1000000000
printf '%d %d %d\n' 0x1f 010 "'A"
printf '%*s|%-*s|%.*f\n' 6 right 6 left 2 3.14159
printf '%s=%s;' a 1 b 2 c; echo
case $s in T*) echo one ;;& *fox*) echo two ;& nothing) echo falls ;; *) echo no ;; esac
[[ $s =~ ([a-z]+)\ fox\ ([a-z]+) ]] && echo "${BASH_REMATCH[1]}-${BASH_REMATCH[2]}"
[[ foobar == @(foo|bar)* && abc == +([a-c]) && aXb != !(*X*) ]] || echo 'extglob differs'
[[ abc < abd && ! b < a && 10 -gt 9 && -z '' && -n x ]] && echo compared
for f in dir/**/*.txt dir/*.none; do echo "$f"; done
echo dir/!(*.txt|d*) {a,b}{1..3} {01..10..3} {z..w}
x=${undefined-default} y=${undefined:=set} z=${s:+there}
echo "$x $y $z $undefined"
name=s; echo "${!name:0:3} ${!wo*}"
printf '%s\n' $'\u00e4\u20ac' "${#undefined}"
u=$'gr\u00fc\u00dfe'; echo "${#u} ${u:2:2} ${u^^}"
read -r -d '' doc <<'END'
  a document $not expanded `here`
	with a tab
END
echo "[$doc]"
cat=1
read -r first second rest <<<"  one   two three   four  "
echo "$first|$second|$rest"
IFS=: read -r a b c d <<<'x::y:z:w'
echo "$a|$b|$c|$d"
while IFS='=' read -r k v; do [[ $k == \#* ]] || echo "$k is ${v//\"/}"; done <<-END
	one=1
	# a comment
	two="zwei"
END
long=
for ((i = 0; i < 3000; i++)); do long+="line $i of many "; done
read -r copy <<<"$long" # more than a pipe holds: a file in /tmp
echo "${#copy} ${copy: -20}"

#!/bin/bash
# SPDX-License-Identifier: MIT
# Arithmetic: 64 bits, bases, operators; a factorial of many digits, primes, a sort, the Ackermann function.
# What looks odd is what is tried here.
# shellcheck disable=all
echo $((2**62)) $((-7 / 2)) $((-7 % 3)) $((7 << 3 | 1)) $((0xff ^ 0x0f)) $((~5)) $((16#beef)) $((2#1011)) $((36#zz))
echo $((1 ? 2 : 3)) $(((3, 4))) $((!0 && 5 > 4)) $((x = 5, x++ + ++x)) $((x -= 2)) $((9223372036854775807 + 1))
echo $((08 + 1)) 2>/dev/null || echo 'no octal eight'
let 'y = 3 * 4' 'y += 1'; echo $y
declare -i n=3+4*2; n+=5; echo $n
factorial() {
	local -a d=(1)
	local i k carry
	for ((i = 2; i <= $1; i++)); do
		carry=0
		for k in "${!d[@]}"; do
			((d[k] = d[k] * i + carry, carry = d[k] / 1000000, d[k] %= 1000000)) || true
		done
		while ((carry)); do d+=($((carry % 1000000))); ((carry /= 1000000)); done
	done
	printf '%d' "${d[-1]}"
	for ((k = ${#d[@]} - 2; k >= 0; k--)); do printf '%06d' "${d[k]}"; done
	echo
}
factorial 60
sieve=()
for ((i = 2; i < 500; i++)); do
	[[ ${sieve[i]-} ]] && continue
	primes+=("$i")
	for ((j = i * i; j < 500; j += i)); do sieve[j]=1; done
done
echo "${#primes[@]} ${primes[*]: -4} ${#sieve[@]}"
quicksort() { # the array's name, from, to
	local -n array=$1
	local lo=$2 hi=$3 i=$2 j=$3 pivot=${array[($2 + $3) / 2]} t
	while ((i <= j)); do
		while ((array[i] < pivot)); do ((i++)); done
		while ((array[j] > pivot)); do ((j--)); done
		if ((i <= j)); then
			t=${array[i]} array[i]=${array[j]} array[j]=$t
			((i++, j--)) || true
		fi
	done
	((lo >= j)) || quicksort "$1" "$lo" "$j"
	((i >= hi)) || quicksort "$1" "$i" "$hi"
}
RANDOM=42
for ((i = 0; i < 200; i++)); do list[i]=$((i * 7919 % 1009)); done
quicksort list 0 199
echo "${list[*]::8} ${list[*]: -3}"
ackermann() {
	local m=$1 n=$2
	if ((m == 0)); then r=$((n + 1))
	elif ((n == 0)); then ackermann $((m - 1)) 1
	else ackermann "$m" $((n - 1)); ackermann $((m - 1)) "$r"; fi
}
ackermann 2 3; echo "$r"
gcd() { local a=$1 b=$2; while ((b)); do ((a %= b, a ^= b, b ^= a, a ^= b)) || true; done; r=$a; }
gcd 1071 462; echo "$r"
for ((i = 10, j = 0; i > j; i -= 3, j++)); do echo -n "$i,$j "; done; echo
until ((n <= 3)); do ((n /= 2)); done; echo "$n $((RANDOM >= 0))"

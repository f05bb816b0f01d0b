#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tools/setup with a package manager of our own, so that nothing is installed here.

setup() {
	script=$BATS_TEST_DIRNAME/../../tools/setup
	cd "$BATS_TEST_TMPDIR"
	mkdir bin
	"$script" --list >installed
	cat >bin/dpkg-query <<'S'
#!/bin/sh
sed 's/$/ installed/' installed
echo "removed-one config-files"
S
	cat >bin/apt-get <<'S'
#!/bin/sh
echo "$*" >>calls
case " $* " in
*" install "*) [ ! -e fail-once ] || { rm fail-once; exit 100; } ;;
esac
S
	printf '#!/bin/sh\ncat uid\n' >bin/id
	chmod +x bin/*
	echo 0 >uid
	PATH=$PWD/bin:$PATH
}

@test "nothing is missing: says nothing, does nothing" {
	run "$script"
	[ "$status" = 0 ]
	[ "$output" = "" ]
	[ ! -e calls ]
}

@test "root: what is missing is installed, and only that" {
	grep -vx -e cmake -e bats installed >less && mv less installed
	run "$script"
	[ "$status" = 0 ]
	[ "$(wc -l <calls)" = 1 ]
	grep -q 'install -y --no-install-recommends cmake bats$' calls
}

@test "root, stale package lists: they are updated and it tries again" {
	grep -vx cmake installed >less && mv less installed
	touch fail-once
	run "$script"
	[ "$status" = 0 ]
	grep -q ' update$' calls
	[ "$(tail -n 1 calls | grep -c install)" = 1 ]
}

@test "not root: prints the one command to run, status 1" {
	grep -vx gfortran installed >less && mv less installed
	echo 1000 >uid
	run "$script"
	[ "$status" = 1 ]
	[[ $output == *"sudo apt-get install -y --no-install-recommends gfortran"* ]]
	[ ! -e calls ]
}

@test "a versioned gccgo will do" {
	sed 's/^gccgo$/gccgo-12/' installed >less && mv less installed
	run "$script" --check
	[ "$status" = 0 ]
}

@test "--check names what is missing and installs nothing" {
	grep -vx qemu-system-x86 installed >less && mv less installed
	run "$script" --check
	[ "$status" = 1 ]
	[[ $output == *qemu-system-x86* ]]
	[ ! -e calls ]
}

@test "a removed package with its configuration left is missing" {
	grep -vx gdb installed >less && mv less installed
	sed -i 's/removed-one/gdb/' bin/dpkg-query
	run "$script" --check
	[ "$status" = 1 ]
	[[ $output == *gdb* ]]
}

@test "of two names the one that the package lists know is installed" {
	grep -vx gccgo installed >less && mv less installed
	printf '#!/bin/sh\n[ "$2" != gccgo-13 ] || echo "  Candidate: 13.2.0"\n' >bin/apt-cache
	chmod +x bin/apt-cache
	run "$script"
	[ "$status" = 0 ]
	grep -q 'recommends gccgo-13$' calls
}

@test "of two names that no list knows yet the first is tried" {
	grep -vx gccgo installed >less && mv less installed
	printf '#!/bin/sh\n' >bin/apt-cache
	chmod +x bin/apt-cache
	run "$script"
	grep -q 'recommends gccgo$' calls
}

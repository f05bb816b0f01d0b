#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The cross drivers by themselves; needs TOOL_PREFIX. What they make runs on Linux too, so no isle
# takes part here.

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$TOOL_PREFIX/bin:$PATH
	cat >hello.c <<'C'
#include <stdio.h>
#ifndef __hermit__
#error "not for Hermit"
#endif
int main(void)
{
	puts("hello");
	return 0;
}
C
}

# The mark, and nothing a Hermit program cannot have.
is_hermit() {
	[ "$(od -An -tx1 -j7 -N1 "$1" | tr -d ' ')" = ff ]
	if readelf -lW "$1" | grep -q INTERP; then return 1; fi
	[ "$(./"$1")" = "${2-hello}" ]
}

@test "a C program is static, marked, and runs" {
	x86_64-hermit-gcc hello.c -o hello
	is_hermit hello
	readelf -h hello | grep -q 'Type:.*EXEC'
}

@test "without -o it is a.out" {
	x86_64-hermit-gcc hello.c
	is_hermit a.out
}

@test "from standard input" {
	x86_64-hermit-gcc -x c - -o hello <hello.c
	is_hermit hello
}

@test "-static-pie and -pie give a static PIE" {
	for option in -static-pie -pie; do
		x86_64-hermit-gcc $option hello.c -o hello
		is_hermit hello
		readelf -h hello | grep -q 'Type:.*DYN'
	done
}

@test "of -pie, -static-pie, -no-pie the last counts; -static goes with all" {
	for options in "-static -pie" "-pie -static" "-static-pie -static" "-no-pie -static-pie" "-no-pie -static -pie"; do
		x86_64-hermit-gcc $options hello.c -o hello
		is_hermit hello
		readelf -h hello | grep -q 'Type:.*DYN'
	done
	for options in "-static" "-pie -no-pie" "-static-pie -no-pie" "--static-pie --no-pie"; do
		x86_64-hermit-gcc $options hello.c -o hello
		is_hermit hello
		readelf -h hello | grep -q 'Type:.*EXEC'
	done
}

@test "-flto, -g, -O3, -s" {
	x86_64-hermit-gcc -flto -g -O3 hello.c -o hello
	is_hermit hello
	x86_64-hermit-gcc -s hello.c -o hello
	is_hermit hello
}

@test "options in a response file" {
	printf '%s\n' '-static-pie "hello.c"' "-o 'hel lo'" >options
	x86_64-hermit-gcc @options
	is_hermit 'hel lo'
}

@test "a response file that is not there is named" {
	run x86_64-hermit-gcc @nowhere
	[ "$status" != 0 ]
	[[ $output == *@nowhere* ]] || [[ $output == *nowhere* ]]
}

@test "-c, -S, -E, -M and -r make what they always make" {
	x86_64-hermit-gcc -c hello.c
	[ "$(od -An -tx1 -j7 -N1 hello.o | tr -d ' ')" = 00 ]
	x86_64-hermit-gcc -S hello.c && grep -q main hello.s
	x86_64-hermit-gcc -E hello.c | grep -q puts
	x86_64-hermit-gcc -M hello.c | grep -q stdio.h
	x86_64-hermit-gcc -MMD -MF hello.d -c hello.c && grep -q hello.c hello.d
	x86_64-hermit-gcc -r hello.o -o more.o
	readelf -h more.o | grep -q 'Type:.*REL'
	[ "$(od -An -tx1 -j7 -N1 more.o | tr -d ' ')" = 00 ]
	x86_64-hermit-gcc more.o -o hello
	is_hermit hello
}

@test "the linkers that GCC can choose are marked too" {
	x86_64-hermit-gcc -fuse-ld=bfd hello.c -o hello
	is_hermit hello
	if command -v ld.gold; then
		x86_64-hermit-gcc -fuse-ld=gold hello.c -o hello
		is_hermit hello
	fi
}

@test "ld by itself marks, and touches no old file" {
	x86_64-hermit-gcc hello.c
	printf '\0' | dd of=a.out bs=1 seek=7 conv=notrunc 2>/dev/null
	x86_64-hermit-ld --version | grep -q 'GNU ld'
	[ "$(od -An -tx1 -j7 -N1 a.out | tr -d ' ')" = 00 ]
	printf '.globl _start\n_start: mov $60, %%eax\n xor %%edi, %%edi\n syscall\n' >s.s
	x86_64-hermit-as s.s -o s.o
	x86_64-hermit-ld s.o -os
	is_hermit s ""
}

@test "strip and objcopy keep the mark" {
	x86_64-hermit-gcc -g hello.c -o hello
	x86_64-hermit-objcopy --only-keep-debug hello hello.debug
	x86_64-hermit-objcopy hello copy
	is_hermit copy
	x86_64-hermit-strip hello
	is_hermit hello
}

@test "-shared is refused with a reason, and leaves no file" {
	run x86_64-hermit-gcc -shared -fPIC hello.c -o lib.so
	[ "$status" = 1 ]
	[[ $output == "x86_64-hermit-gcc: -shared: "*static* ]]
	[ "${#lines[@]}" = 1 ]
	run x86_64-hermit-gcc -Wl,-shared -fPIC hello.c -o lib.so
	[ "$status" != 0 ]
	run x86_64-hermit-ld -shared -o lib.so
	[ "$status" = 1 ]
	[ ! -e lib.so ]
}

@test "-shared means nothing where nothing is linked" {
	x86_64-hermit-gcc -shared -c hello.c
}

@test "-m32 is refused with a reason" {
	run x86_64-hermit-gcc -m32 hello.c
	[ "$status" = 1 ]
	[[ $output == *64-bit* ]]
}

@test "a compiler error keeps its status and its text" {
	echo 'int main(void) { return x; }' >bad.c
	run x86_64-hermit-gcc bad.c -o bad
	[ "$status" = 1 ]
	[[ $output == *"bad.c:1"* ]]
	echo 'int x(void); int main(void) { return x(); }' >bad.c
	run x86_64-hermit-gcc bad.c -o bad
	[ "$status" = 1 ]
	[[ $output == *"undefined reference"* ]]
	[ ! -e bad ]
}

@test "-dumpmachine gives the name it was called by" {
	[ "$(x86_64-hermit-gcc -dumpmachine)" = x86_64-hermit ]
	[ "$(x86_64-hermit-linux-gnu-g++ -dumpmachine)" = x86_64-hermit-linux-gnu ]
}

@test "--version, -print-search-dirs, -print-prog-name answer" {
	x86_64-hermit-gcc --version | head -1 | grep -q '^x86_64-hermit-gcc ('
	x86_64-hermit-gfortran --version | grep -q 'Free Software Foundation'
	x86_64-hermit-gcc -print-search-dirs | grep -q "^programs: =$TOOL_PREFIX"
	[ "$(x86_64-hermit-gcc -print-prog-name=ld)" = "$TOOL_PREFIX/lib/hermit/toolchain/ld" ]
	x86_64-hermit-gcc -v 2>&1 | grep -q 'gcc version'
	x86_64-hermit-gcc -### hello.c 2>&1 | grep -q -- '"\?-static"\?'
}

@test "OpenMP warns of nothing, a dlopen of one's own is warned of" {
	printf '#include <omp.h>\nint main(void)\n{\n#pragma omp parallel\n\t;\n\treturn omp_get_max_threads() < 1;\n}\n' >omp.c
	run x86_64-hermit-gcc -fopenmp omp.c -o omp
	[ "$status" = 0 ]
	[ "$output" = "" ]
	is_hermit omp ""
	printf '#include <dlfcn.h>\nint main(void)\n{\n\treturn !dlopen("x.so", RTLD_NOW);\n}\n' >dl.c
	run x86_64-hermit-gcc dl.c -o dl
	[ "$status" = 0 ]
	[[ $output == *"Using 'dlopen'"* ]]
}

@test "C++ with exceptions and threads" {
	cat >p.cc <<'C'
#include <future>
#include <iostream>
int main()
{
	auto f = std::async(std::launch::async, []() -> int { throw 7; });
	try {
		f.get();
	} catch (int n) {
		std::cout << "hello" << (n == 7 ? "" : "?") << std::endl;
	}
}
C
	x86_64-hermit-g++ p.cc -o p
	is_hermit p
	x86_64-hermit-g++ -static-pie p.cc -o p
	is_hermit p
}

@test "Fortran with OpenMP ends well, alone and linked by gcc" {
	printf '%s\n' 'subroutine f() bind(c)' 'integer :: n' 'n = 0' '!$omp parallel reduction(+:n)' 'n = n + 1' \
		'!$omp end parallel' "if (n > 0) print '(a)', 'hello'" 'end subroutine' >f.f90
	printf '%s\n' 'program p' 'interface' 'subroutine f() bind(c)' 'end subroutine' 'end interface' 'call f' \
		'end program' >p.f90
	x86_64-hermit-gfortran -fopenmp p.f90 f.f90 -o p
	is_hermit p
	x86_64-hermit-gfortran -fopenmp -static-pie p.f90 f.f90 -o p
	is_hermit p
	x86_64-hermit-gfortran -fopenmp -c f.f90
	printf 'void f(void);\nint main(void)\n{\n\tf();\n\treturn 0;\n}\n' >m.c
	x86_64-hermit-gcc -fopenmp m.c f.o -lgfortran -lquadmath -lm -o m
	is_hermit m
}

@test "Go is static and not a PIE" {
	printf 'package main\nfunc main() { println("x"); print_hello() }\n' >a.go
	printf 'package main\nimport "fmt"\nfunc print_hello() { fmt.Println("hello") }\n' >b.go
	x86_64-hermit-gccgo a.go b.go -o p
	is_hermit p
	run x86_64-hermit-gccgo -static-pie a.go b.go -o p
	[ "$status" = 1 ]
	[[ $output == *static-pie*PIE* ]]
}

@test "Debian's static libraries link" {
	printf '#include <cblas.h>\n#include <stdio.h>\n#include <zlib.h>\nint main(void)\n{\n' >l.c
	printf '\tdouble x[] = { 1, 2, 3 };\n\tputs(cblas_ddot(3, x, 1, x, 1) == 14 && zlibVersion() ? "hello" : "no");\n}\n' >>l.c
	x86_64-hermit-gcc l.c -o l -lopenblas -lz -lm -pthread
	is_hermit l
}

@test "the prefix can be moved, also to a path with a space" {
	cp -a "$TOOL_PREFIX" "moved here"
	"moved here/bin/x86_64-hermit-gcc" -flto hello.c -o hello
	is_hermit hello
	[ "$("moved here/bin/x86_64-hermit-gcc" -print-prog-name=ld)" = "$PWD/moved here/lib/hermit/toolchain/ld" ]
}

@test "called through a link from elsewhere" {
	ln -s "$TOOL_PREFIX/bin/x86_64-hermit-gcc" x86_64-hermit-gcc
	./x86_64-hermit-gcc hello.c -o hello
	is_hermit hello
}

@test "a missing compiler is named with its mend" {
	mkdir empty
	run env PATH="$PWD/empty" "$TOOL_PREFIX/bin/x86_64-hermit-gfortran" x.f90
	[ "$status" = 1 ]
	[[ $output == *"gfortran: not found"*"apt install"* ]]
}

@test "an unknown name is refused" {
	ln -s "$TOOL_PREFIX/bin/x86_64-hermit-gcc" x86_64-hermit-frobnicate
	run ./x86_64-hermit-frobnicate
	[ "$status" = 1 ]
	[[ $output == *"no tool of this name"* ]]
}

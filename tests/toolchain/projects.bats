#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Users' projects, with CMake and with autoconf, are configured and built by the drivers; their own
# tests run in the isle. Needs TOOL_PREFIX.

setup() {
	here=$BATS_TEST_DIRNAME
	cd "$BATS_TEST_TMPDIR"
	export HERMIT_ISLE=${HERMIT_TEST_ISLE-qemu} HERMIT_KVM=${HERMIT_TEST_KVM-0} HERMIT_MEM=512M
	for v in $(env | sed -n 's/^\(HERMIT_TEST_[A-Z_]*\)=.*/\1/p'); do unset "$v"; done
}

@test "a CMake project in C, C++, Fortran and Go, its tests run by the emulator" {
	export RUN_PROGRAMS=1
	cmake -S "$here/cmake-project" -B . -G Ninja -Wno-dev
	cmake --build .
	timeout 200 ctest --output-on-failure --timeout 60
}

@test "a CMake project from a moved prefix, by -DCMAKE_TOOLCHAIN_FILE" {
	cp -a "$TOOL_PREFIX" "moved here"
	printf '%s\n' 'cmake_minimum_required(VERSION 3.22)' 'project(p C)' 'add_executable(p p.c)' >CMakeLists.txt
	echo 'int main(void) { return 0; }' >p.c
	cmake -S . -B b -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/moved here/cmake/HermitCore.cmake"
	cmake --build b
	grep -q "^CMAKE_C_COMPILER:.*=$PWD/moved here/bin/x86_64-hermit-gcc" b/CMakeCache.txt ||
		grep -q "$PWD/moved here/bin/x86_64-hermit-gcc" b/CMakeFiles/*/CMakeCCompiler.cmake
	[ "$(od -An -tx1 -j7 -N1 b/p | tr -d ' ')" = ff ]
}

@test "HermitCore-Application.cmake after project() says so" {
	printf '%s\n' 'cmake_minimum_required(VERSION 3.22)' 'project(p NONE)' \
		"include($TOOL_PREFIX/cmake/HermitCore-Application.cmake)" >CMakeLists.txt
	run cmake -S . -B b
	[ "$status" != 0 ]
	[[ $output == *"before project()"* ]] || [[ $output == *"before"*"project()"* ]]
}

@test "an autoconf project with --host=x86_64-hermit-linux-gnu, its check run by proxy" {
	PATH=$TOOL_PREFIX/bin:$PATH
	cp "$here"/autoconf-project/* "$here"/cmake-project/{main,part}.c .
	autoreconf --install
	./configure --build="$(sh config.guess)" --host=x86_64-hermit-linux-gnu
	make
	[ "$(od -An -tx1 -j7 -N1 main | tr -d ' ')" = ff ]
	timeout 60 make check EMULATOR="$TOOL_PREFIX/bin/proxy"
}

# A thin front: CMake and Ninja do the work (see CMakeLists.txt).
BUILD  ?= build
PREFIX ?= /opt/hermit
STAGE  := $(abspath $(BUILD))/prefix
CMAKE_FLAGS ?=

all: $(BUILD)/build.ninja
	cmake --build $(BUILD)

$(BUILD)/build.ninja:
	cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS)

# Installs what is missing (as root with apt), else says what to type.
setup:
	tools/setup

# Configures again: setup may just have brought a compiler that a first "make" did without.
stage: setup
	cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS) >/dev/null
	cmake --build $(BUILD)
	cmake --install $(BUILD) --prefix $(STAGE) >/dev/null

install: all
	cmake --install $(BUILD) --prefix $(PREFIX)

# Only what gets installed, without the tests and their kernels: a fraction of the time that "make" takes.
stream: setup
	cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS) >/dev/null
	cmake --build $(BUILD) --target installed
	cmake --install $(BUILD) --prefix $(STAGE) >/dev/null
	HERMIT_ISLE=qemu HERMIT_KVM=0 $(STAGE)/bin/proxy $(STAGE)/x86_64-hermit/extra/benchmarks/stream

test: stage
	tools/run-tests $(BUILD) -j$$(nproc) -LE 'soak|kvm' $(TEST_FLAGS)

# What takes a real KVM: uhyve in a nested Linux (tests/kvm/lab). Not in "make test" until docs/uhyve.md, "Open", is closed.
test-kvm: stage
	tools/run-tests $(BUILD) -L kvm $(TEST_FLAGS)

# Random system calls on the sanitizers' kernels; SEQUENCES=N SEED=N CPUS=N in the environment.
fuzz-syscalls: stage
	cmake --build $(BUILD) --target fuzz-syscalls

# SOAK_FLAGS=--runs=N --cpus=1,2 --only=NAME; the defaults are what a release must pass.
soak: stage
	tests/soak --prefix $(STAGE) $(SOAK_FLAGS)
	tests/kvm/programs-test --runs=20 $(BUILD) 2 $(STAGE)/x86_64-hermit/extra/tests/*
	ctest --test-dir $(BUILD) -L diff --repeat until-fail:5 --output-on-failure
	ctest --test-dir $(BUILD) -L soak --output-on-failure
	ctest --test-dir $(BUILD) -L soak --output-on-failure

# Each target for as long; what reaches new code stays in build/fuzz/corpus, and the next run goes on from there.
FUZZ_SECONDS ?= 300
fuzz: setup
	cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS) >/dev/null
	cmake --build $(BUILD) --target fuzz_targets
	FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_GROW=1 tools/run-tests $(BUILD) -j$$(nproc) -L fuzz $(TEST_FLAGS)

lint: setup all
	tools/lint $(BUILD)

bench: stage
	cmake --build $(BUILD) --target $@

# How much of uhyve/ and hostfs/ their tests reach; below 85 % it fails.
coverage: setup
	tools/coverage $(BUILD)

clean:
	rm -rf $(BUILD)

.PHONY: all setup stage install stream test test-kvm soak fuzz bench lint coverage clean fuzz-syscalls

# SPDX-License-Identifier: GPL-2.0-only
#
# Local Procedure Call for Linux. "make help" lists what there is.
#
# KERNEL= chooses the kernel to build against and to boot: nothing (the
# distribution's current one), a version as 6.12, debug, or a built tree.

KERNEL ?= default
O ?= $(CURDIR)/build
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 1.0

export KERNEL
export O := $(abspath $(O))
vm = tools/vm
# the library, the CLI and the tests take these
user = $(MAKE) -C $(1) O=$(O) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) $(2)

.PHONY: all help demo demo-nt check check-long check-debug check-kcsan fail-nth coverage shell models stress \
	stress-call fuzz mutants profile \
	bench bench-quick lint \
	modules lib tools install uninstall clean

all: modules lib tools

help:
	@echo 'See it work, in a VM; nothing is loaded into your kernel:'
	@echo '  demo         a server, three clients, what lpcctl sees, in a minute'
	@echo '  demo-nt      a server and a client written for NT'\''s LPC, in two processes'
	@echo '  shell        a VM with the module loaded, the tools in PATH, this folder at /host'
	@echo 'Test it, in a VM:'
	@echo '  check        all tests, on the distribution'\''s kernel'
	@echo '  check-long   liblpc under sanitizers, and the tests that repeat, with more rounds'
	@echo '  check-debug  all tests, on a kernel with KASAN, lockdep, kmemleak (built once)'
	@echo '  check-kcsan  the tests and stress on a kernel with KCSAN (built once); SHORT=1'
	@echo '  stress       processes killed, forked, closed at random, the module reloaded; SECONDS=60'
	@echo '  stress-call  200 clients, 50 of them killed, for two minutes'
	@echo '  fuzz         programs of ioctls made by libFuzzer, on the debug kernel; SECONDS=60,'
	@echo '               INPUT=file runs one again, MINIMISE=1 makes the corpus of the tree small'
	@echo '  mutants      break the module on purpose; each break must be caught'
	@echo '  fail-nth     fail every allocation, copy and descriptor, one at a time; TEST=call,data, SHORT=1'
	@echo '  coverage     lines and branches of lpc/ and liblpc that the tests reach; TEST=call, SHORT=1'
	@echo '  models       check the model of a call'\''s states'
	@echo '  lint         checkpatch, sparse, compilers, analysers, spelling, layers'
	@echo 'Measure it, in a VM (Documentation/performance.rst):'
	@echo '  bench        LPC and its peers side by side; build/bench.json and build/bench/*.svg'
	@echo '  bench-quick  the same at two sizes, in under two minutes'
	@echo '  profile      MECH=lpc_call: instructions of a round trip by kernel function'
	@echo 'Build and install:'
	@echo '  modules      lpc.ko for KERNEL, below build/'
	@echo '  lib, tools   liblpc; lpcctl'
	@echo '  install      module (DKMS if there), library, tools, man pages (DESTDIR, PREFIX)'
	@echo '  uninstall    what install put there'
	@echo '  clean        remove build/; the cache of kernels (~/.cache/lpc) stays'
	@echo 'KERNEL=6.12, KERNEL=debug or KERNEL=/a/built/tree chooses another kernel.'

export MECH TEST SHORT
STRESS_SECONDS = $(SECONDS)
export STRESS_SECONDS INPUT MINIMISE
demo demo-nt check check-long check-debug check-kcsan fail-nth coverage shell stress stress-call fuzz mutants profile \
bench bench-quick:
	@$(vm)/target $@

models:
	@$(vm)/setup models
	@models/run

lint:
	@tools/lint/run

modules:
	@$(vm)/build --no-user

lib tools: export USER_DIRS = lib/liblpc lib/liblpc/nt $(if $(filter tools,$@),tools/lpcctl)
lib tools:
	@$(vm)/build --no-module

install uninstall: lib tools
	$(call user,lib/liblpc,$@)
	$(call user,lib/liblpc/nt,$@)
	$(call user,tools/lpcctl,$@)
	@VERSION=$(VERSION) DESTDIR=$(DESTDIR) $(vm)/install $@

clean:
	rm -rf $(O)

# make            both programs (./vcpu_scheduler, ./memory_coordinator)
# make check      every test; make check-unit, check-sim, check-cli, check-lab, check-tui, check-tidy, ...: some of them
# make tidy       all of clang-format, cppcheck and clang-tidy, over the whole tree
# make fuzz       a million inputs for each of libFuzzer's targets (RUNS=n for others); needs clang
# make soak       both programs over a made-up hypervisor for 10,000 decisions (DECISIONS=n for others): nothing may grow
# make demo       boots real guests, badly pinned, and balances them; make demo-memory: the same for memory
# make check-package   the packages in clean surroundings: some minutes, root, debootstrap, rpm
# make deps       installs what building and testing need (Debian)
# make install    to DESTDIR/PREFIX
# make deb        a Debian package, in build/deb; needs debhelper
# make dist       one archive with everything needed to build
# make submission one archive with cpu/ and memory/, each with its program's sources in one file and built by make alone
include build.mk

PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
DESTDIR ?=
INSTALL ?= install
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# What both programs share, and what each adds to it.
core_rooms := core/model core/host core/record core/attach core/engine core/advise ui ui/headless ui/tui
cpu_rooms := cpu cpu/demand cpu/placement
memory_rooms := memory

program_mains := cpu/vcpu_scheduler.c memory/memory_coordinator.c
library_sources := $(filter-out $(program_mains),$(call sources,$(core_rooms) $(cpu_rooms) $(memory_rooms)))
library_objects := $(call objects,$(library_sources))
sim_sources := $(filter-out %_test.c %_main.c,$(call sources,tests/sim tests/unit))
sim_objects := $(call objects,$(sim_sources))
library := $(BUILD)/libvmbalance.a
sim_library := $(BUILD)/libsim.a

unit_tests := $(patsubst %.c,$(BUILD)/%,$(filter %_test.c,$(call sources,tests/unit)))
sim_tests := $(patsubst %.c,$(BUILD)/%,$(filter %_test.c,$(call sources,tests/sim)))
sim_tools := $(patsubst %.c,$(BUILD)/%,$(filter %_main.c,$(call sources,tests/sim)))
fuzz_tests := $(patsubst %.c,$(BUILD)/%,$(filter %_fuzz.c,$(call sources,tests/fuzz)))
benches := $(patsubst %.c,$(BUILD)/%,$(filter %_bench.c,$(call sources,tests/bench)))
tui_tools := $(patsubst %.c,$(BUILD)/%,$(call sources,tests/tui))
test_programs := $(unit_tests) $(sim_tests) $(sim_tools) $(fuzz_tests) $(benches) $(tui_tools)

all: vcpu_scheduler memory_coordinator

# Sanitized programs stay with their objects; the others are where they are looked for.
programs := $(if $(SANITIZE),$(BUILD)/vcpu_scheduler $(BUILD)/memory_coordinator,\
	cpu/vcpu_scheduler memory/memory_coordinator)
cpu_objects := $(call objects,$(call sources,$(core_rooms) $(cpu_rooms)))
memory_objects := $(call objects,$(call sources,$(core_rooms) $(memory_rooms)))

$(firstword $(programs)): $(cpu_objects)
$(lastword $(programs)): $(memory_objects)
$(programs):
	$(call say,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

vcpu_scheduler: $(firstword $(programs))
memory_coordinator: $(lastword $(programs))
vcpu_scheduler memory_coordinator:
	@$(if $(SANITIZE),:,ln -sfn $< $@)

$(library): $(library_objects)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

$(sim_library): $(sim_objects)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

# Tests of the host have a made-up hypervisor in libvirt's place, which is linked before the library itself.
hypervisor_objects := $(call objects,$(call sources,tests/unit/hypervisor))
$(filter $(BUILD)/tests/unit/host_%,$(unit_tests)): $(hypervisor_objects)
# Waiting that takes no time, for those that would wait long.
hurry_objects := $(call objects,$(call sources,tests/unit/hypervisor/hurry))
$(patsubst %,$(BUILD)/tests/unit/host_%_test,faults partial restore): $(hurry_objects)
# Some run a program whole.
whole_program_objects := $(call objects,$(call sources,tests/unit/hypervisor/program))
$(BUILD)/tests/unit/host_soak_test $(BUILD)/tests/unit/host_odd_test: $(whole_program_objects)

$(test_programs): $(BUILD)/%: $(BUILD)/%.o $(sim_library) $(library)
	$(call say,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(sim_library) $(library) -lcmocka $(LIBS)

$(cpu_objects) $(memory_objects) $(sim_objects) $(hypervisor_objects) $(hurry_objects) $(whole_program_objects) $(addsuffix .o,$(test_programs)): $(BUILD)/flags

test-programs: $(test_programs)

# Compiled and not linked, to hear what another compiler says of the tests; the fuzz targets let it speak of all else.
test-objects: $(call objects,$(program_mains)) $(sim_objects) $(hypervisor_objects) $(hurry_objects) $(whole_program_objects) $(addsuffix .o,$(test_programs))

# libFuzzer's targets, for tests/fuzz/targets/run: only clang has what they need.
fuzz_targets := $(patsubst %.c,$(BUILD)/%,$(call sources,tests/fuzz/targets))
fuzz_parts := $(call objects,$(call sources,tests/fuzz/made_up) tests/sim/snapshot_text.c)
$(fuzz_targets): $(BUILD)/%: $(BUILD)/%.o $(fuzz_parts) $(library)
	$(call say,LINK,$@)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(library) $(LIBS)
# What is compared in the rooms that decide are figures that come of the input by reckoning: to follow each of them takes half
# of the time, and leads to no other input.
$(call objects,$(call sources,$(cpu_rooms) $(memory_rooms))): private override CFLAGS += $(if $(findstring fuzzer,$(SANITIZE)),-fno-sanitize-coverage=trace-cmp)
# What this one puts in the place of the room's own; see there.
$(BUILD)/tests/fuzz/targets/scheduler: LDFLAGS += -Wl,--wrap=placement_scratch_create,--wrap=placement_scratch_free
$(addsuffix .o,$(fuzz_targets)) $(fuzz_parts): $(BUILD)/flags
fuzz-targets: $(fuzz_targets)

RUNS ?= 1000000
fuzz:
	$(SUDO) tests/deps $(DEBIAN_BUILD) $(DEBIAN_FUZZ)
	CFLAGS="-O2 -g" tests/fuzz/targets/run $(RUNS)

DECISIONS ?= 10000
soak: $(BUILD)/tests/unit/host_soak_test
	$< $(DECISIONS)

-include tests/lab/lab.mk
-include tests/lab/host_probe.mk

# These install what is missing first, so what they build is built by another make, which then finds it.
check: deps
	tests/run all
check-unit check-sim check-fuzz check-cli check-lab check-tui check-valgrind check-tsan check-asan check-tidy: deps
	tests/run $(patsubst check-%,%,$@)

check-package:
	$(SUDO) tests/package/run

bench: deps
	tests/run bench

tidy:
	$(SUDO) tests/deps $(DEBIAN_BUILD) $(DEBIAN_TEST) $(DEBIAN_TIDY)
	tests/run tidy clang-tidy

demo demo-memory: deps
	@$(MAKE) --no-print-directory all
	$(SUDO) tests/lab/demo $(if $(filter demo,$@),cpu,memory)

deps:
	$(SUDO) tests/deps $(DEBIAN_BUILD) $(DEBIAN_TEST) $(DEBIAN_SERVICES) $(DEBIAN_FUZZ)

install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8
	$(INSTALL) -m 755 cpu/vcpu_scheduler memory/memory_coordinator $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -m 644 docs/vcpu_scheduler.8 docs/memory_coordinator.8 $(DESTDIR)$(PREFIX)/share/man/man8
	$(INSTALL) -d $(DESTDIR)$(UNITDIR)
	for unit in vcpu_scheduler memory_coordinator; do \
		sed 's,@sbindir@,$(PREFIX)/sbin,' packaging/systemd/$$unit.service.in >$(BUILD)/$$unit.service && \
		$(INSTALL) -m 644 $(BUILD)/$$unit.service $(DESTDIR)$(UNITDIR) || exit 1; \
	done
	$(INSTALL) -d $(DESTDIR)/etc/vmbalance
	for program in cpu/vcpu_scheduler memory/memory_coordinator; do \
		conf=$(DESTDIR)/etc/vmbalance/$$(basename $$program | tr _ -).conf && \
		{ test -e $$conf || { packaging/config $$program >$(BUILD)/conf && $(INSTALL) -m 644 $(BUILD)/conf $$conf; }; } || exit 1; \
	done
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(ZSHDIR)
	for program in cpu/vcpu_scheduler memory/memory_coordinator; do \
		name=$${program##*/} && \
		packaging/completion bash $$program >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$name && \
		packaging/completion zsh $$program >$(DESTDIR)$(ZSHDIR)/_$$name || exit 1; \
	done

dist_name := vmbalance-$(VERSION)
dist:
	@rm -rf $(BUILD)/dist && mkdir -p $(BUILD)/dist/$(dist_name)
	tar -cf - --exclude=./build --exclude="./build-*" --exclude=./.git --exclude=./$(dist_name).tar.gz \
		--exclude=./$(submission_name) --exclude=cpu/vcpu_scheduler \
		--exclude=memory/memory_coordinator --exclude=./vcpu_scheduler --exclude=./memory_coordinator . \
		| tar -xf - -C $(BUILD)/dist/$(dist_name)
	tar -czf $(dist_name).tar.gz -C $(BUILD)/dist $(dist_name)
	@rm -rf $(BUILD)/dist
	@echo $(dist_name).tar.gz

# The package is made of a copy, objects included, so that nothing is compiled twice. Its flags are the tree's own, which
# harden as Debian's do.
deb: all
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/$(dist_name)
	tar -cf - --exclude=./build/results --exclude=./build/deb --exclude="./build-*" --exclude=./.git --exclude="*.tar.gz" \
		--exclude=./build/tests --exclude="./build/*.a" . | tar -xf - -C $(BUILD)/deb/$(dist_name)
	cp -r packaging/debian $(BUILD)/deb/$(dist_name)/debian
	cd $(BUILD)/deb/$(dist_name) && env -u MAKEFLAGS -u MFLAGS dpkg-buildpackage -b -us -uc -nc -tc
	@rm -rf $(BUILD)/deb/$(dist_name)
	@ls $(BUILD)/deb/*.deb

submission_name := vmbalance-submission.tar.gz
submission:
	@rm -rf $(BUILD)/submission
	packaging/submission vcpu_scheduler $(BUILD)/submission/cpu $(cpu_rooms) $(core_rooms)
	packaging/submission memory_coordinator $(BUILD)/submission/memory $(memory_rooms) $(core_rooms)
	tar -czf $(submission_name) -C $(BUILD)/submission cpu memory
	@rm -rf $(BUILD)/submission
	@echo $(submission_name)

clean:
	rm -rf build build-*
	rm -f vcpu_scheduler memory_coordinator cpu/vcpu_scheduler memory/memory_coordinator
	rm -f $(dist_name).tar.gz $(submission_name)

-include $(cpu_objects:.o=.d) $(memory_objects:.o=.d) $(sim_objects:.o=.d) $(hypervisor_objects:.o=.d) $(hurry_objects:.o=.d) $(whole_program_objects:.o=.d) $(addsuffix .d,$(test_programs))
.PHONY: all objects $(if $(SANITIZE),vcpu_scheduler memory_coordinator) check check-unit check-sim check-fuzz check-cli check-lab check-tui check-valgrind check-tsan check-asan \
	check-package check-tidy fuzz fuzz-targets soak tidy bench demo demo-memory deps deb install dist submission clean test-programs
.DEFAULT_GOAL := all

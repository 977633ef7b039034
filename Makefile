# make            both programs (./vcpu_scheduler, ./memory_coordinator)
# make check      every test; make check-unit, check-sim, check-cli, check-lab, check-tui, check-valgrind: some of them
# make demo       boots real guests, badly pinned, and balances them; make demo-memory: the same for memory
# make deps       installs what building and testing need (Debian)
# make install    to DESTDIR/PREFIX
# make dist       one archive with everything needed to build
TOP := .
include build.mk

PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

library_sources := $(filter-out %/main.c,$(call sources,host cpu memory ui))
library_objects := $(call objects,$(library_sources))
sim_sources := $(filter-out %_test.c %_main.c,$(call sources,tests/sim))
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

# The two programs are made by their own Makefiles, one after the other, as they share objects.
vcpu_scheduler: FORCE
	@$(MAKE) --no-print-directory -C cpu $(if $(filter-out ./build%,$(BUILD)),BUILD=$(abspath $(BUILD)))
	@$(if $(SANITIZE),:,ln -sfn cpu/vcpu_scheduler $@)

memory_coordinator: vcpu_scheduler FORCE
	@$(MAKE) --no-print-directory -C memory $(if $(filter-out ./build%,$(BUILD)),BUILD=$(abspath $(BUILD)))
	@$(if $(SANITIZE),:,ln -sfn memory/memory_coordinator $@)

$(library): $(library_objects)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

$(sim_library): $(sim_objects)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

$(test_programs): $(BUILD)/%: $(BUILD)/%.o $(sim_library) $(library)
	$(call say,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(sim_library) $(library) -lcmocka $(LIBS)

$(library_objects) $(sim_objects) $(addsuffix .o,$(test_programs)): $(BUILD)/flags

test-programs: $(test_programs)

-include tests/lab/lab.mk
-include tests/lab/host_probe.mk

# These install what is missing first, so what they build is built by another make, which then finds it.
check: deps
	tests/run all
check-unit check-sim check-fuzz check-cli check-lab check-tui check-valgrind check-tsan check-asan: deps
	tests/run $(patsubst check-%,%,$@)

bench: deps
	tests/run bench

demo demo-memory: deps
	@$(MAKE) --no-print-directory all
	$(SUDO) tests/lab/demo $(if $(filter demo,$@),cpu,memory)

deps:
	$(SUDO) tests/deps $(DEBIAN_BUILD) $(DEBIAN_TEST)

install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8
	$(INSTALL) -m 755 cpu/vcpu_scheduler memory/memory_coordinator $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -m 644 docs/vcpu_scheduler.8 docs/memory_coordinator.8 $(DESTDIR)$(PREFIX)/share/man/man8

dist_name := vmbalance-$(VERSION)
dist:
	@rm -rf $(BUILD)/dist && mkdir -p $(BUILD)/dist/$(dist_name)
	tar -cf - --exclude=./build* --exclude=./.git --exclude=./$(dist_name).tar.gz --exclude=cpu/vcpu_scheduler \
		--exclude=memory/memory_coordinator --exclude=./vcpu_scheduler --exclude=./memory_coordinator . \
		| tar -xf - -C $(BUILD)/dist/$(dist_name)
	tar -czf $(dist_name).tar.gz -C $(BUILD)/dist $(dist_name)
	@rm -rf $(BUILD)/dist
	@echo $(dist_name).tar.gz

clean:
	rm -rf build build-*
	rm -f vcpu_scheduler memory_coordinator cpu/vcpu_scheduler memory/memory_coordinator $(dist_name).tar.gz

-include $(library_objects:.o=.d) $(sim_objects:.o=.d) $(addsuffix .d,$(test_programs))
.PHONY: all check check-unit check-sim check-fuzz check-cli check-lab check-tui check-valgrind check-tsan check-asan \
	bench demo demo-memory deps install dist clean test-programs
.DEFAULT_GOAL := all

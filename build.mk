# Flags, libraries, and how an object is made.
#
#   CC=clang                          another compiler
#   SANITIZE=address,undefined        build under sanitizers, in a folder of its own
#   BUILD=dir                         where objects go
#   WERROR=                           don't stop at warnings
#   V=1                               show whole commands

CC ?= gcc
WERROR ?= -Werror
SANITIZE ?=
empty :=
comma := ,
variant := $(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
BUILD ?= build$(variant)

VERSION := 0.1.0
PACKAGES := libvirt libxml-2.0 json-c inih ncursesw
DEBIAN_BUILD := gcc make pkg-config libc6-dev libvirt-dev libxml2-dev libjson-c-dev libinih-dev libncurses-dev
DEBIAN_TEST := libcmocka-dev valgrind tmux jq cpio dpkg-dev libxml2-utils util-linux iproute2 procps \
	qemu-system-x86 libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients \
	clang-format cppcheck groff-base
# What has the services and the package looked at as on a host: a systemd to boot, Prometheus, and Debian's own tools.
DEBIAN_SERVICES := systemd prometheus debhelper lintian
DEBIAN_TIDY := clang-tidy clang
DEBIAN_FUZZ := clang libclang-rt-14-dev

# Goals that compile nothing must work before the libraries are there.
no_build_goals := clean deps dist submission demo demo-memory bench fuzz tidy check check-%
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(no_build_goals),$(MAKECMDGOALS)),all),)
ifeq ($(shell command -v pkg-config),)
$(error pkg-config is missing: apt-get install $(DEBIAN_BUILD))
endif
missing := $(strip $(foreach p,$(PACKAGES),$(shell pkg-config --exists $(p) || echo $(p))))
ifneq ($(missing),)
$(error missing libraries ($(missing)): apt-get install $(DEBIAN_BUILD))
endif
endif

cflags_packages := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
libs_packages := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)

CFLAGS ?= -O2 -g

# Hardening: addresses that differ at each start; a linkage that is read-only once the program runs; calls that check the
# size of what they write to (which takes optimisation; sanitizers check more by themselves); no stack that grows past its
# guard; and jumps only to where the compiler means them to go, on machines that can tell.
takes = $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo $(1))
optimised := $(filter-out -O0,$(filter -O%,$(CFLAGS)))
HARDEN_CFLAGS := -fPIE -fstack-protector-strong $(call takes,-fstack-clash-protection) $(call takes,-fcf-protection) \
	$(if $(optimised),$(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -DPROGRAM_VERSION='"$(VERSION)"' \
	-Wall -Wextra -Wpedantic -Wconversion -Wshadow $(WERROR) -fno-common $(HARDEN_CFLAGS) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined) \
	$(cflags_packages) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = $(HARDEN_LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
LIBS = $(libs_packages) -lm -lpthread

# Commands are told in a word, or whole with V=1.
say = $(if $(V),,@printf '  %-4s %s\n' '$(1)' '$(2)';)

sources = $(wildcard $(addsuffix /*.c,$(1)))
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Objects also depend on the flags they were made with.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@
FORCE:
.PHONY: FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

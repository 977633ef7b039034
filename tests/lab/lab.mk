# Builds the lab's two own programs into $(BUILD)/lab: the guest's agent (static: it is a guest's whole user space) and the
# host's console. To be included by a Makefile that sets BUILD, or used alone: make -f tests/lab/lab.mk BUILD=folder

LAB_DIR_SRC := $(dir $(lastword $(MAKEFILE_LIST)))
BUILD ?= build
# Not the caller's CFLAGS: an agent with sanitizers would not fit a small guest.
LAB_CFLAGS ?= -O2 -g0 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
LAB_ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(LAB_CFLAGS)
LAB_AGENT_SRC := $(addprefix $(LAB_DIR_SRC)guest/,agent.c load.c memload.c)
LAB_AGENT_HDR := $(addprefix $(LAB_DIR_SRC)guest/,load.h memload.h)

.PHONY: lab-tools
lab-tools: $(BUILD)/lab/agent $(BUILD)/lab/console

$(BUILD)/lab/agent: $(LAB_AGENT_SRC) $(LAB_AGENT_HDR)
	@mkdir -p $(@D)
	$(CC) $(LAB_ALL_CFLAGS) -static -s -pthread -o $@ $(LAB_AGENT_SRC)

$(BUILD)/lab/console: $(LAB_DIR_SRC)guest/console.c
	@mkdir -p $(@D)
	$(CC) $(LAB_ALL_CFLAGS) -o $@ $<

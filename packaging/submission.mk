
# The program's one source is compiled once for each of its parts, as many at a time as there are processors.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

parts := $(shell sed -n "s/^.*if PART == \([0-9]*\) && !defined HEADERS$$/\1/p" $(PROGRAM).c)
part_objects := $(parts:%=$(BUILD)/part-%.o)

all: $(PROGRAM)

$(PROGRAM): $(part_objects)
	$(call say,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(part_objects): $(BUILD)/part-%.o: $(PROGRAM).c Makefile $(BUILD)/flags
	$(call say,CC,$(PROGRAM).c part $* of $(words $(parts)))$(CC) $(ALL_CFLAGS) -DPART=$* -c -o $@ $<

clean:
	rm -rf build build-*
	rm -f $(PROGRAM)

.PHONY: all clean
.DEFAULT_GOAL := all

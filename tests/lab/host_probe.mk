# The tool of host_test.sh: the hypervisor side alone, driven by lines of text.

test-programs: $(BUILD)/lab/host_probe

$(BUILD)/lab/host_probe: $(BUILD)/tests/lab/host_probe.o $(library)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(library) $(LIBS)

$(BUILD)/tests/lab/host_probe.o: $(BUILD)/flags
-include $(BUILD)/tests/lab/host_probe.d

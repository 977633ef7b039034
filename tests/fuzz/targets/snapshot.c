/* Snapshots as JSON: what is read comes out the same when it is written and read again, and its figures make sense. */
#include "tests/fuzz/targets/target.h"

#include "core/record/json_snapshot.h"
#include "core/record/snapshot_figures.h"
#include "tests/sim/snapshot_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct snapshot s, back;
    char error[256] = "", *text;

    if (snapshot_text_parse(&s, (const char *)data, size, error, sizeof(error))) {
        HOLDS("a refusal has a reason", error[0] != '\0');
        return 0;
    }
    text = snapshot_text(&s);
    HOLDS("what was read can be written", text);
    HOLDS("and read again", snapshot_text_parse(&back, text, strlen(text), error, sizeof(error)) == 0);
    HOLDS("and is the same", snapshot_same_facts(&s, &back) && snapshot_text_same_figures(&s, &back));
    free(text);
    snapshot_clamp(&s);
    return 0;
}

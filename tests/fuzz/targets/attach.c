/* Lines over the socket, both ways: each is understood or refused in words, and what is understood can be said again.
 */
#include "tests/fuzz/targets/target.h"

#include "core/attach/attach_protocol.h"
#include "core/record/json_report.h"

static void try_request(const char *line, size_t length)
{
    struct attach_request request, again;
    char why[160] = "", *text;

    if (!attach_request_read(&request, line, length, why, sizeof(why))) {
        HOLDS("a refusal has a reason", why[0] != '\0');
        return;
    }
    text = attach_request_text(&request);
    HOLDS("a request is one line", text && !strchr(text, '\n'));
    HOLDS("it comes back", attach_request_read(&again, text, strlen(text), why, sizeof(why)));
    HOLDS("as it was", strcmp(request.command, again.command) == 0 && strcmp(request.guest, again.guest) == 0 &&
                           request.want == again.want && request.id == again.id && request.has_uuid == again.has_uuid);
    free(text);
}

/* A report that is read is fit to be shown: it can be written, and read again. */
static void try_report(struct report *r)
{
    static struct report again;
    struct attach_message m;
    char why[192] = "", *text = json_report(r), *twice;

    HOLDS("there is a text", text);
    HOLDS("it comes back", attach_message_read(&m, &again, text, strlen(text), why, sizeof(why)));
    twice = json_report(&again);
    HOLDS("as it was", twice && strcmp(text, twice) == 0);
    free(text);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct report r;
    char *line = target_text(data, size), why[192] = "";
    struct attach_hello hello;
    struct attach_message m;

    try_request(line, size);
    if (!attach_hello_read(&hello, line, size, why, sizeof(why)))
        HOLDS("a refusal has a reason", why[0] != '\0');
    why[0] = '\0';
    if (!attach_message_read(&m, &r, line, size, why, sizeof(why)))
        HOLDS("a refusal has a reason", why[0] != '\0');
    else if (m.kind == ATTACH_REPORT)
        try_report(&r);
    free(line);
    return 0;
}

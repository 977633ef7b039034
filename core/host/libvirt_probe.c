#include "core/host/libvirt_internal.h"

#include <libvirt/virterror.h>

int libvirt_probe(struct libvirt_host *h, struct domain *g)
{
    virDomainControlInfo info = {0};
    char text[CONNECTION_WORD_BYTES];
    int result;

    if (!g->domain)
        return VIR_ERR_INVALID_DOMAIN;
    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    result = virDomainGetControlInfo(g->domain, &info, 0);
    if (connection_end(&h->connection) || result < 0)
        return connection_last_error(text, sizeof(text));
    g->hung = info.state == VIR_DOMAIN_CONTROL_ERROR ||
              (info.state == VIR_DOMAIN_CONTROL_OCCUPIED && info.stateTime >= LIBVIRT_HUNG_MS);
    g->busy = info.state == VIR_DOMAIN_CONTROL_JOB;
    return 0;
}

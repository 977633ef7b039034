#include "core/host/libvirt_internal.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

void libvirt_remark(struct libvirt_host *h, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    remarks_add(&h->remarks, format, arguments);
    va_end(arguments);
}

void libvirt_disconnect(struct libvirt_host *h)
{
    int references;

    domain_table_disconnect(&h->guests);
    references = connection_close(&h->connection);
    if (h->leaked)
        *h->leaked += references;
}

int libvirt_connect(struct libvirt_host *h, char *error, size_t size)
{
    struct connection *c = &h->connection;
    char *text;
    int result;

    if (connection_alive(c))
        return 0;
    libvirt_disconnect(h);
    result = connection_open(c, error, size);
    if (result)
        return result;
    connection_begin(c, CONNECTION_CALL_MS, 2);
    text = virConnectGetHostname(c->conn);
    snprintf(h->node_name, sizeof(h->node_name), "%s", text ? text : "");
    free(text);
    text = virConnectGetURI(c->conn);
    snprintf(h->uri, sizeof(h->uri), "%s", text ? text : c->uri);
    free(text);
    connection_end(c);
    virResetLastError();
    h->topology_due = true;
    /* Another version may answer now, of which other things are to be had. */
    h->no_bulk = h->no_period = h->no_node_stats = false;
    h->n_cpu_stats = 0;
    h->pin_flags = VIR_DOMAIN_AFFECT_LIVE;
    return 0;
}

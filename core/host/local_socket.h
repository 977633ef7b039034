/*
 * Whether a hypervisor daemon listens on this machine, without asking libvirt, whose answer takes a connection.
 */
#ifndef CORE_HOST_LOCAL_SOCKET_H
#define CORE_HOST_LOCAL_SOCKET_H

/* 1: the daemon behind a connection URI takes connections; 0: it doesn't; -1: that isn't this machine's system daemon,
 * so that nothing can be told. run_dir: where the daemons' sockets are, as a rule /run/libvirt. Never blocks. */
int local_socket_daemon_listens(const char *uri, const char *run_dir);

#endif

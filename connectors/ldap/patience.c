#include "connectors/ldap/patience.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>

/*
 * How long we look away when nothing is there yet. A server that streams sends an entry every few microseconds; woken for each, we cost both
 * sides more than the entry does. Meanwhile what it sends gathers in the socket's buffer.
 */
static const struct timespec gathering = {.tv_nsec = 1000 * 1000};

static int await(Sockbuf_IO_Desc *layer, short event)
{
    ber_socket_t fd = -1;
    if (ber_sockbuf_ctrl(layer->sbiod_sb, LBER_SB_OPT_GET_FD, &fd) != 1)
        return 0;
    struct pollfd socket = {.fd = fd, .events = event};
    int r = poll(&socket, 1, 0);
    if (r > 0)
        return 0;
    if (event == POLLIN)
        nanosleep(&gathering, NULL);
    do
        r = poll(&socket, 1, (int)(intptr_t)layer->sbiod_pvt);
    while (r < 0 && errno == EINTR);
    if (r == 0)
        errno = ETIMEDOUT;
    return r > 0 ? 0 : -1;
}

static int setup(Sockbuf_IO_Desc *layer, void *milliseconds)
{
    layer->sbiod_pvt = milliseconds;
    return 0;
}

static int forget(Sockbuf_IO_Desc *layer)
{
    layer->sbiod_pvt = NULL;
    return 0;
}

static int control(Sockbuf_IO_Desc *layer, int option, void *arg)
{
    return LBER_SBIOD_CTRL_NEXT(layer, option, arg);
}

static ber_slen_t patient_read(Sockbuf_IO_Desc *layer, void *buf, ber_len_t n)
{
    return await(layer, POLLIN) == 0 ? LBER_SBIOD_READ_NEXT(layer, buf, n) : -1;
}

static ber_slen_t patient_write(Sockbuf_IO_Desc *layer, void *buf, ber_len_t n)
{
    return await(layer, POLLOUT) == 0 ? LBER_SBIOD_WRITE_NEXT(layer, buf, n) : -1;
}

static int add_layer(LDAP *ld, Sockbuf *sockbuf, LDAPURLDesc *server, struct sockaddr *address,
                     struct ldap_conncb *self)
{
    static Sockbuf_IO patient = {setup, forget, control, patient_read, patient_write, NULL};
    (void)server, (void)address, (void)self;
    struct timeval *wait = NULL;
    if (ldap_get_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &wait) != LDAP_OPT_SUCCESS || !wait)
        return 0;
    intptr_t milliseconds = wait->tv_sec < INT_MAX / 1000 ? wait->tv_sec * 1000 : INT_MAX;
    ldap_memfree(wait);
    return ber_sockbuf_add_io(sockbuf, &patient, PATIENCE_LEVEL, (void *)milliseconds);
}

static void remove_layer(LDAP *ld, Sockbuf *sockbuf, struct ldap_conncb *self)
{
    (void)ld, (void)sockbuf, (void)self; /* it goes with the connection */
}

int patience_set(LDAP *ld)
{
    static struct ldap_conncb callback = {add_layer, remove_layer, NULL};
    return ldap_set_option(ld, LDAP_OPT_CONNECT_CB, &callback);
}

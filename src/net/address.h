/* Which addresses are on the Internet, and which are somebody's inside. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 64

/*
 * True for a unicast address of the public Internet. False for loopback, private, link-local, shared, documentation,
 * multicast and reserved ones (the IANA special-purpose registries), for IPv6 addresses that carry such an IPv4
 * address inside, and for other families.
 */
bool address_is_public(const struct sockaddr *address);

/* 127.0.0.0/8 and ::1: what is said to it stays in this machine. */
bool address_is_loopback(const struct sockaddr *address);

/* The address without its port into ret. Gives ret back. */
const char *address_format(const struct sockaddr *address, char ret[static ADDRESS_TEXT_MAX]);

#endif

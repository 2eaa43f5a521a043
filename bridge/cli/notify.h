#pragma once
/** systemd's notify socket, without its library: a datagram to the socket in $NOTIFY_SOCKET. */

/** state: "READY=1" ... Does nothing when nobody asked for it. */
void notify_systemd(const char *state);

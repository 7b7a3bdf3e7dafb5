/* SPDX-License-Identifier: ISC */
/* ipc/channel.h -- one end of a SOCK_SEQPACKET conversation, with descriptors passed along.
 *
 * A channel owns its descriptor and one receive buffer (address space for IPC_PACKET_MAX,
 * memory only as used). What a receive returns (views, descriptors not yet taken) lives until
 * the next receive on that channel; descriptors not taken by then are closed.
 */
#pragma once
#include "base/base.h"
#include "ipc/codec.h"
#include "ipc/types.h"

struct channel;

struct packet {
    uint16_t type;
    uint32_t id;
    str bytes; /* the whole packet: ipc_decode() it */
    int *fds;  /* take with fd_take(&p.fds[i]) */
    size_t n_fds;
};

struct channel *channel_new(int fd);    /* takes the fd */
void channel_free(struct channel *c);   /* closes; NULL is fine */
int channel_release(struct channel *c); /* frees it, but the descriptor is now the caller's */
int channel_fd(const struct channel *c);
/* Blocking until `by`. ERR_CLOSED: the other side went away. */
err channel_recv(struct channel *c, deadline by, struct packet *ret);
/* Does not wait: ERR_TEMP when nothing is there. For event loops; call until ERR_TEMP. */
err channel_try_recv(struct channel *c, struct packet *ret);
/* Sends the struct s by its schema. fds stay the caller's. Blocks while the peer's buffer is
 * full, at most 30 s (ERR_TIMEOUT). */
err channel_send(struct channel *c, const struct ipc_schema *m, uint32_t id, const void *s,
                 const int *fds, size_t n_fds);
/* Does not wait: ERR_TEMP when the peer's buffer is full; nothing is sent then. */
err channel_try_send(struct channel *c, const struct ipc_schema *m, uint32_t id, const void *s,
                     const int *fds, size_t n_fds);
/* From now on small packets without descriptors wait on this channel, to leave as one: when they
 * are many, before one that cannot wait, and at channel_flush(), which every turn of whoever holds
 * must end with. The receiver gets them one by one, and must ask until ERR_TEMP: what came in one
 * piece shows on the descriptor once. */
void channel_hold(struct channel *c);
/* ERR_TEMP (only when it may not wait): the peer's buffer is full, they wait on. */
err channel_flush(struct channel *c, bool wait);
/* Sends and waits for the next packet, which must have the reply's type and the same id;
 * decodes it into ret_reply. The linear way to ask a service. */
err channel_ask(struct channel *c, const struct ipc_schema *m, const void *s, const int *fds,
                size_t n_fds, const struct ipc_schema *reply, deadline by, void *ret_reply,
                struct packet *ret_packet /* may be NULL */);
/* The same on a bare descriptor, for the rare one-off packet. */
err packet_send(int fd, const struct ipc_schema *m, uint32_t id, const void *s, const int *fds,
                size_t n_fds);

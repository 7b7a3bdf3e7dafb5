/* SPDX-License-Identifier: ISC */
/* front/front.h -- owns every client's socket and the TLS keys; holds no mail.
 *
 * For each client: is it banned, is there room, what do the access rules say; then TLS, if
 * the service begins with it; then a session process.
 *  - Under TLS the session gets one end of a pair of sockets, and front carries bytes, both
 *    ways, with bounded buffers that exist while something waits in them.
 *  - Without TLS the session is *lent* the client's socket: nothing would be gained by copying
 *    every byte, and two wake-ups a round trip are lost by it. front keeps its descriptor of
 *    the socket: it alone ends the connection (shutdown() ends it for all who hold it), and it
 *    alone reads between STARTTLS and the handshake, while the session waits.
 */
#pragma once
#include "ban/ledger.h"
#include "control/site.h"
#include "ipc/boot.h"
#include "ipc/session.h"
#include "ipc/witness.h"
#include "log/event.h"
#include "os/loop.h"
#include "os/net.h"
#include "tls/tls.h"

enum {
    FRONT_PIECE = 32 * 1024,       /* moved at once; so much may wait per direction */
    FRONT_ACCEPTS = 64,            /* per wake-up, so that those inside are served too */
    FRONT_HANDSHAKE_MS = 30000,    /* for TLS, from the first byte to the last */
    FRONT_IDLE_MS = 3600 * 1000,   /* both sides silent; sessions have shorter limits */
    FRONT_LINGER_MS = 2000,        /* after the session's end, for the last reply to arrive */
    FRONT_LINGER_BYTES = 1 << 20,  /* thrown away meanwhile */
    FRONT_EARLY_BYTES = 64 * 1024, /* thrown away between STARTTLS and the handshake */
    FRONT_DRAIN_MS = 8000,         /* init kills after 10 s */
    FRONT_FDS_SPARE = 256,         /* descriptors that are no connection's */
};

struct front;

/* One direction's bytes that could not be handed on yet. */
struct pending {
    char *p; /* FRONT_PIECE when there are some, else NULL */
    size_t at, n;
};

enum conn_state {
    CONN_HANDSHAKE,       /* TLS from the start: no session yet */
    CONN_LENT,            /* no TLS: the session itself reads and writes the client's socket */
    CONN_OPEN,            /* relaying */
    CONN_STARTTLS,        /* the answer to STARTTLS goes out; nobody reads the client */
    CONN_STARTTLS_SHAKES, /* handshake; the session waits */
    CONN_LINGER,          /* the session ended; the client may still be sending */
};

struct conn {
    struct list link;
    struct front *front;
    enum conn_state state;
    enum service service;
    int client, data, control;
    struct loop_fd *client_watch, *data_watch, *control_watch;
    struct tls_conn *tls;
    struct pending to_session, to_client;
    bool client_eof, session_eof, announced;
    bool lent;            /* the session may still hold the client's socket */
    bool tls_wants_write; /* the handshake or a read */
    uint32_t starttls_id;
    char *answer; /* to STARTTLS, not said yet; ours to free */
    int64_t opened_ms, active_ms, deadline_ms;
    uint64_t bytes_in, bytes_out;
    size_t lingered;
    char sid[33], ip[INET6_ADDRSTRLEN], local_ip[INET6_ADDRSTRLEN];
    uint16_t port, local_port;
    str environment; /* ours to free */
    struct visitor *visitor;
};

struct listener_watch {
    struct front *front;
    enum service service;
    int fd;
    struct loop_fd *watch;
};

/* Where knocks of one program arrive that ask about bans. */
struct ban_door {
    struct front *front;
    struct channel *channel;
    struct loop_fd *watch;
};

struct front {
    struct boot *boot;
    struct loop *loop;
    struct arena *site_arena;
    str archive;
    struct site site;
    struct tls_side *tls;
    bool has_witness;
    unsigned char witness[WITNESS_KEY_BYTES]; /* ipc/witness.h */
    struct ledger *ledger;
    struct map *visitors; /* by address: how many, how fast */
    struct listener_watch listeners[BOOT_LISTENERS];
    struct channel *sessions[PROGRAM_COUNT]; /* doors of smtpd, imapd, popd */
    struct ban_door ban_doors[PROGRAM_COUNT];
    struct list askers;
    size_t n_askers;
    struct list conns;
    size_t n_conns, conns_max;
    struct loop_fd *init_watch;
    struct loop_timer *sweep, *drain_timer;
    int64_t sweep_at_ms, forget_at_ms;
    bool draining;
    char scratch[FRONT_PIECE]; /* bytes on their way within one callback */
};

/* front.c */
err front_open(struct front *f, struct boot *boot);
err front_run(struct front *f); /* until drained */
void front_close(struct front *f);
err front_load_certificates(struct front *f); /* none there: no TLS is offered */

/* accept.c */
void front_accept(struct listener_watch *l);
/* The refusal that the service's protocol has for "not now". */
str refusal_text(enum service s, bool for_good);
bool service_is_tls(enum service s);

/* visitors.c: limits per address. NULL: refused, *ret_why says why. */
struct visitor *visitor_enter(struct front *f, str ip, int64_t now_ms, const char **ret_why);
void visitor_leave(struct front *f, struct visitor *v);
void visitors_free(struct front *f);

/* bans.c: who may ask for bans (ipc/ban.h) */
void bans_serve(struct front *f);
void bans_close(struct front *f);
struct ledger_rules bans_rules(const struct site *s);

/* conn.c */
struct conn *conn_new(struct front *f, enum service s, int client, const struct net_address *peer);
void conn_close(struct conn *c);
/* Starts the session process: TLS facts are known, if there are any. */
void conn_start_session(struct conn *c);
void conn_watch(struct conn *c); /* sets what is waited for from what is pending */
void conn_linger(struct conn *c);
void conn_set_deadline(struct conn *c, int64_t ms);
void conns_sweep(void *front); /* closes what is past its deadline */
void conn_count_lent(struct conn *c);
void conn_tell_tls(const struct conn *c, struct session_tls *ret);

/* relay.c */
void relay_client_ready(void *ctx, int fd, unsigned events);
void relay_data_ready(void *ctx, int fd, unsigned events);
/* True when nothing waits for the client any more. False: something does, or the connection is
 * closed and c is gone. */
bool relay_flush_to_client(struct conn *c);
void relay_say(struct conn *c, str text);
void pending_drop(struct pending *p);
/* Bytes from the client, through TLS if there is. 0: none now. Negative: the end. */
ssize_t client_read(struct conn *c, char *p, size_t cap);

/* shake.c */
void shake_begin(struct conn *c); /* TLS from the start */
void shake_step(struct conn *c);
void shake_control_ready(void *ctx, int fd, unsigned events); /* what sessions tell */
void shake_starttls_step(struct conn *c);

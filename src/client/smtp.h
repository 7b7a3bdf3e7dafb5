/* SPDX-License-Identifier: ISC */
/* client/smtp.h -- an SMTP client for linear code: one connection, any number of messages.
 *
 * After a failure smtp_stage() says what was going on and smtp_last() what the server said.
 * Kinds of failure: ERR_DENIED a 5xx, ERR_TEMP a 4xx, ERR_SYNTAX no SMTP, ERR_CLOSED,
 * ERR_TIMEOUT, ERR_SYS the connection. After any but a plain refusal the connection is closed;
 * smtp_is_open() tells.
 */
#pragma once
#include "base/base.h"
#include "os/net.h"
#include "tls/tls.h"
#include "wire/smtp_reply.h"

enum { SMTP_RECIPIENTS_MAX = 1000, SMTP_WINDOW = 50 /* RCPTs written before reading */ };

enum smtp_tls {
    SMTP_TLS_NEVER,
    SMTP_TLS_OFFERED,  /* when offered, any certificate; in plain when it fails */
    SMTP_TLS_REQUIRED, /* any certificate */
    SMTP_TLS_VERIFIED, /* the certificate must be right for tls_host */
};

struct smtp_options {
    str helo;
    int64_t connect_ms, command_ms;   /* timeouts of each */
    const struct net_address *source; /* NULL: any */
    enum smtp_tls tls;
    bool tls_at_once;      /* TLS before the greeting (port 465) */
    struct tls_side *side; /* client side; may be NULL with SMTP_TLS_NEVER */
    str tls_host;          /* SNI and, verified, the name to find */
    str user, password;    /* user not empty: log in; in plain text only under TLS or to
                              loopback */
};

enum smtp_stage {
    SMTP_STAGE_CONNECT,
    SMTP_STAGE_GREETING,
    SMTP_STAGE_HELO,
    SMTP_STAGE_TLS,
    SMTP_STAGE_AUTH,
    SMTP_STAGE_MAIL,
    SMTP_STAGE_RCPT,
    SMTP_STAGE_DATA,    /* the DATA command, or sending the message */
    SMTP_STAGE_MESSAGE, /* the final dot is out: the server may have taken the message */
    SMTP_STAGE_IDLE,
};
const char *smtp_stage_name(enum smtp_stage s);

struct smtp_client;
struct smtp_client *smtp_client_new(void);
void smtp_client_free(struct smtp_client *c); /* closes without QUIT; NULL is fine */

/* Connects, greets, STARTTLS, AUTH. The options must live until the client is closed. */
err smtp_open(struct smtp_client *c, const struct net_address *to, const struct smtp_options *o);
/* The same over a connected socket, which the client takes. A failed opportunistic handshake
 * cannot be made good here: ERR_… at SMTP_STAGE_TLS. */
err smtp_open_fd(struct smtp_client *c, int fd, const struct smtp_options *o);
bool smtp_is_open(const struct smtp_client *c);
enum smtp_stage smtp_stage(const struct smtp_client *c);
const struct smtp_reply *smtp_last(const struct smtp_client *c); /* code 0: said nothing */
const struct smtp_extensions *smtp_offered(const struct smtp_client *c);
/* "" in plain, else "TLSv1.3 TLS_AES_256_GCM_SHA384". */
const char *smtp_tls_used(const struct smtp_client *c);
/* Why TLS was not used though wished for; empty. */
const char *smtp_tls_failure(const struct smtp_client *c);

struct smtp_recipient {
    str address;       /* local@domain, unquoted */
    str notify, orcpt; /* RFC 3461, already encoded; may be empty */
    unsigned code;     /* result: of the reply to RCPT; 0: not asked or not answered */
    str text;          /* result: what was said, in the arena */
};

struct smtp_message {
    str sender; /* empty: <> */
    str body;   /* LF or CRLF line ends */
    bool smtputf8;
    bool ret_hdrs, ret_full; /* RFC 3461 RET */
    str envid;               /* encoded; may be empty */
};

/* One transaction. OK: the server took the message for every recipient whose code is 2xx.
 * ERR_DENIED at SMTP_STAGE_RCPT: for none of them. ERR_DENIED with smtp_last()->code 0: the
 * message needs SMTPUTF8 that is not offered (at SMTP_STAGE_MAIL). Recipients that hold
 * octets that no command may carry are given code 553 without being asked. */
err smtp_deliver(struct smtp_client *c, struct arena *a, const struct smtp_message *m,
                 struct smtp_recipient *recipients, size_t n);
err smtp_reset(struct smtp_client *c); /* RSET: is the connection still good? */
void smtp_quit(struct smtp_client *c); /* QUIT, waits shortly for the answer, closes */

/* SPDX-License-Identifier: ISC */
/* client/smtp_private.h -- what the files of the SMTP client share. Not for others. */
#pragma once
#include "client/smtp.h"
#include "client/stream.h"

struct smtp_client {
    const struct smtp_options *o;
    struct stream stream;
    bool open;
    bool loopback; /* the peer is this machine: a password may go in plain */
    bool begun;    /* a transaction was refused half way: RSET before the next */
    enum smtp_stage stage;
    struct smtp_reply last;
    struct smtp_extensions ext;
    char tls_used[80], tls_failure[200];
};

deadline smtp_by(const struct smtp_client *c);
err smtp_say(struct smtp_client *c, str line); /* adds CRLF; goes out at the next smtp_hear() */
/* Flushes and reads one reply into c->last. Judging it is the caller's. On failure the connection
 * is closed. */
err smtp_hear(struct smtp_client *c);
/* The kind of failure that c->last is, for a caller who wanted something else. */
err smtp_refusal(const struct smtp_client *c);
void smtp_drop(struct smtp_client *c); /* closes without a word */
err smtp_login(struct smtp_client *c); /* AUTH by what is offered */

/* SPDX-License-Identifier: ISC */
/* client/imap.h -- an IMAP4rev1 client for linear code: reads mailboxes from another server.
 *
 * It only looks (EXAMINE, BODY.PEEK): nothing over there changes. Every answer has a limit;
 * what a server says beyond it is ERR_LIMIT and ends the connection.
 */
#pragma once
#include "base/base.h"
#include "os/net.h"
#include "tls/tls.h"

enum {
    IMAP_CLIENT_RESPONSE_MAX = 256 * 1024, /* one response without its message */
    IMAP_CLIENT_FOLDERS_MAX = 20000,
    IMAP_CLIENT_FLAGS_MAX = 100,
    IMAP_CLIENT_WINDOW = 32,                     /* messages asked for with one command */
    IMAP_CLIENT_MESSAGE_MAX = 256 * 1024 * 1024, /* larger ones are told, and left out */
};

enum imap_client_tls {
    IMAP_CLIENT_TLS,      /* at once (port 993) */
    IMAP_CLIENT_STARTTLS, /* demanded before the login */
    IMAP_CLIENT_PLAIN,    /* never; a password is shown to loopback alone, elsewhere CRAM-MD5 */
};

struct imap_client_options {
    int64_t connect_ms, command_ms;
    enum imap_client_tls tls;
    bool any_certificate; /* else it must be right for host */
    struct tls_side *side;
    str host; /* SNI and the name to find in the certificate */
    str user, password;
};

struct imap_client;
/* Connects, TLS, logs in. The options must outlive the client. ERR_DENIED: the login or the
 * certificate was refused; imap_client_said() has the words. */
err imap_client_open(const struct net_address *to, const struct imap_client_options *o,
                     struct imap_client **ret);
void imap_client_free(struct imap_client *c); /* LOGOUT if that takes no waiting; NULL is fine */
/* The server's last answer to a command, without its tag; or TLS's complaint. Until the next call.
 */
str imap_client_said(const struct imap_client *c);

struct imap_client_folder {
    str name;       /* as sent: modified UTF-7 */
    char delimiter; /* 0: none */
    bool noselect, subscribed;
};
err imap_client_list(struct imap_client *c, struct arena *a, struct imap_client_folder **ret,
                     size_t *ret_n);
struct imap_client_box {
    uint32_t uidvalidity, messages;
};
err imap_client_examine(struct imap_client *c, str name, struct imap_client_box *ret);
/* UIDs of all messages, ascending, into the vector of the caller. */
struct imap_client_uids {
    uint32_t *at;
    size_t n, cap;
};
err imap_client_uids(struct imap_client *c, uint32_t from, struct imap_client_uids *ret);

struct imap_client_message {
    uint32_t uid;
    const str *flags; /* "\Seen", "$Junk", … */
    size_t n_flags;
    int64_t date;   /* internal date; -1: not told */
    str body;       /* with LF line ends */
    bool too_large; /* and so not here */
};
/* Asks for at most IMAP_CLIENT_WINDOW messages; then next() until *ret_end. What next() gives
 * lives until it is called again. A message that is gone does not come. */
err imap_client_fetch(struct imap_client *c, const uint32_t *uids, size_t n);
err imap_client_next(struct imap_client *c, struct imap_client_message *ret, bool *ret_end);

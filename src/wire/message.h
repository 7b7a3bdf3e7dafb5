/* SPDX-License-Identifier: ISC */
/* wire/message.h -- lines that a mail host adds: trace fields, mbox separators, message ids.
 *
 * Line ends are LF: what lies in files. Text from strangers loses every octet that could break a
 * header: qmail's safe set in Received, '_' for a newline elsewhere.
 */
#pragma once
#include "base/base.h"

/* Received: from REMOTE (HELO helo) (info@ip)
 *   by LOCAL with PROTOCOL id ID; DATE
 * Empty parts are left out; the HELO part also when it equals the remote host. */
struct received {
    str remote_host; /* "unknown" when empty */
    str helo;
    str remote_info; /* ident, or the login name of an authenticated client */
    str remote_ip;
    str local_host;
    str protocol; /* received_protocol(), or what a caller knows better */
    str id;       /* queue id */
    str tls;      /* "TLSv1.3 TLS_AES_256_GCM_SHA384": a comment after the protocol */
    int64_t epoch;
};
void received_write(struct buf *b, const struct received *r);

enum received_flags { RECEIVED_ESMTP = 1, RECEIVED_TLS = 2, RECEIVED_AUTH = 4, RECEIVED_UTF8 = 8 };
str received_protocol(unsigned flags); /* RFC 3848, RFC 6531: "SMTP", "ESMTPSA", "UTF8SMTPS", … */

/* Received: (qmail PID invoked by uid N); DATE. `how`: "by uid 1000", "by alias", "from network",
 * "for bounce". */
void received_write_queue(struct buf *b, uint64_t pid, str how, int64_t epoch);

void return_path_write(struct buf *b, str sender);              /* Return-Path: <SENDER> */
void delivered_to_write(struct buf *b, str address);            /* Delivered-To: ADDRESS */
void from_line_write(struct buf *b, str sender, int64_t epoch); /* mbox: From SENDER DATE */

/* <YYYYMMDDhhmmss.PID.TAG@HOST>: qmail-inject's form with the tag "qmail". A process that makes
 * several a second gives each its own tag. The host's unsafe octets become '?'. */
struct message_id {
    int64_t epoch;
    uint64_t pid;
    str tag;
    str host;
};
void message_id_write(struct buf *b, const struct message_id *id); /* with the brackets */
void safe_write(struct buf *b, str s); /* qmail's safe characters, others as '?' */

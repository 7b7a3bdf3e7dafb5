/* SPDX-License-Identifier: ISC */
/* wire/dsn.h -- bounces: QSBMF text exactly as qmail-send writes it, RFC 3464 reports around the
 * same text, and the DSN parameters of RFC 3461.
 *
 * ezmlm and others parse QSBMF, so it stays the default. A recipient paragraph ends at the first
 * empty line; so a report must not have one (its newline becomes '/').
 */
#pragma once
#include "base/base.h"
#include "wire/limits.h"

/* ---- parameters of MAIL and RCPT, RFC 3461 4 ---- */
enum dsn_ret { DSN_RET_NONE, DSN_RET_FULL, DSN_RET_HDRS };
enum dsn_notify { /* a set; 0: not given */
                  DSN_NOTIFY_NEVER = 1,
                  DSN_NOTIFY_SUCCESS = 2,
                  DSN_NOTIFY_FAILURE = 4,
                  DSN_NOTIFY_DELAY = 8,
};

err dsn_parse_ret(str value, enum dsn_ret *ret_ret);
str dsn_ret_name(enum dsn_ret ret); /* "FULL", "HDRS", or empty */
err dsn_parse_notify(str value, unsigned *ret_notify);
void dsn_write_notify(struct buf *b, unsigned notify); /* "SUCCESS,FAILURE" */
/* Checks the encoded form and its limit; keep the encoded form. */
err dsn_check_envid(str value);
/* "rfc822;xtext": the address type and the decoded address (with utf-8, the text after it). */
err dsn_parse_orcpt(struct arena *a, str value, str *ret_type, str *ret_address);
void dsn_write_orcpt(struct buf *b, str type, str address);
void xtext_encode(struct buf *b, str in);
err xtext_decode(struct buf *b, str in);

/* ---- bounces ---- */
enum bounce_kind {
    BOUNCE_FAILURE, /* "I've given up" */
    BOUNCE_DOUBLE,  /* the bounce bounced: to the administrator */
    BOUNCE_DELAY,   /* RFC 3464 only: still trying */
    BOUNCE_SUCCESS, /* RFC 3464 only: delivered, relayed or expanded */
};

struct bounce_rcpt {
    str address; /* as shown: any virtual domain's prefix already off */
    str report;  /* text for people, any lines */
    /* RFC 3464 only; empty ones are left out. */
    str status; /* "5.1.1"; empty: taken from "(#5.1.1)" in the report, or 5.0.0 */
    str action; /* empty: by kind ("failed", "delayed", "delivered") */
    str orcpt_type, orcpt_address;
    str remote_mta;
    str diagnostic;      /* the remote's reply: "550 5.1.1 no such user" */
    int64_t retry_until; /* of a delay; 0: left out */
};

enum bounce_flags {
    BOUNCE_REPORT = 1,       /* multipart/report (RFC 6522) instead of plain QSBMF */
    BOUNCE_HEADERS_ONLY = 2, /* return the header of the original only (RET=HDRS) */
    BOUNCE_UTF8 = 4,         /* RFC 6533: the addresses or the original are internationalised */
};

struct bounce {
    enum bounce_kind kind;
    unsigned flags;
    int64_t epoch;
    str from_user; /* control/bouncefrom */
    str from_host; /* control/bouncehost */
    str to;        /* original sender, or doublebounceto@doublebouncehost */
    str sender;    /* original envelope sender, for Return-Path; empty in a double bounce */
    const struct bounce_rcpt *rcpts;
    size_t rcpt_count;
    str original; /* the message that could not be delivered */
    /* BOUNCE_REPORT only. */
    str envid;       /* as given in MAIL, xtext */
    str boundary;    /* must not occur in the original: pick by bounce_boundary() */
    int64_t arrived; /* Arrival-Date; 0: left out */
    str message_id;  /* with brackets; empty: none is written */
};

/* The bounce is head, then the original (or its header), then tail: so that a caller with a large
 * original writes it without a copy in memory. */
void bounce_write_head(struct buf *b, const struct bounce *bounce);
str bounce_body(const struct bounce *bounce); /* what of the original is returned */
void bounce_write_tail(struct buf *b, const struct bounce *bounce);
void bounce_write(struct buf *b, const struct bounce *bounce); /* all three */
/* One recipient paragraph, as kept in the queue's bounce record. */
void bounce_write_paragraph(struct buf *b, str address, str report);
/* A boundary made of `seed` that no line of `original` starts with. */
void bounce_boundary(struct buf *b, str seed, str original);
/* The status code "(#x.y.z)" in a qmail report text, or empty. */
str bounce_status_in(str report);

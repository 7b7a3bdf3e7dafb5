/* SPDX-License-Identifier: ISC */
/* list/reply.h -- the mails that a list writes by itself: confirmations, answers, warnings.
 *
 * They come from L-return-@H, so that their bounces are known and ignored, and bear Mailing-List
 * and Delivered-To, so that no list program answers them.
 */
#pragma once
#include "list/text.h"

enum { REPLY_MAX = 64 << 20 };

struct reply {
    struct list_run *run;
    struct text_tags tags;
    const char *subject;     /* a name of `messages` */
    str from;                /* empty: L-help@H */
    str reply_to;            /* empty: none */
    str sender;              /* of the envelope; empty: L-return-@H */
    str cc;                  /* empty: none */
    str to_shown;            /* in To; empty: tags.target */
    const char *delivered;   /* "responder for" */
    const char *unsubscribe; /* address for List-Unsubscribe; NULL: none */
    struct buf body;         /* in the list's charset */
    str enclosed;            /* a message that goes with it as message/rfc822; p == NULL: none */
};

void reply_init(struct reply *p, struct list_run *run, const char *subject, str target);
void reply_done(struct reply *p);
/* Adds text/NAME; a name without text is a mistake of the directory and adds nothing. */
void reply_text(struct reply *p, const char *name);
/* Adds the header of the message at hand, and as many lines of its body as `copylines` says. */
void reply_request(struct reply *p);
/* To p->tags.target. */
err reply_send(struct reply *p);
/* To all of these addresses at once. */
err reply_send_to(struct reply *p, const str *to, size_t n);
/* The Delivered-To of a list's part: "WHAT L@H". */
str reply_delivered(const struct mlist *l, const char *what);
/* 100 for what no list program may answer: bounces, its own mail, other lists' mail. */
struct verdict reply_guard(const struct list_run *r, const char *delivered);

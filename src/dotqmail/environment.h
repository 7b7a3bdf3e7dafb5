/* SPDX-License-Identifier: ISC */
/* dotqmail/environment.h -- what a delivery knows about itself: the variables that programs
 * in .qmail read (qmail-command(8)), the lines put before the message, the senders.
 */
#pragma once
#include "base/base.h"

struct delivery {
    str user, home, local, host, ext;
    str sender;    /* envelope sender, VERP already expanded */
    str newsender; /* sender of forwards: delivery_newsender() */
    bool has_default;
    str rest;    /* DEFAULT, when has_default */
    int64_t now; /* seconds since the epoch, for UFLINE */
};

/* "NAME=value" strings ended by NULL, in a: HOST HOST2 HOST3 HOST4 HOME USER LOCAL RECIPIENT
 * DTLINE SENDER RPLINE UFLINE EXT EXT2 EXT3 EXT4 NEWSENDER and DEFAULT where it is set. NUL
 * bytes cannot occur in them: a value is cut at one. */
char **delivery_environment(const struct delivery *d, struct arena *a);

/* Each ends in LF and holds no other. */
str delivery_dtline(str local, str host, struct arena *a);     /* Delivered-To: local@host */
str delivery_rpline(str sender, struct arena *a);              /* Return-Path: <quoted sender> */
str delivery_ufline(str sender, int64_t now, struct arena *a); /* From sender date */

/* Sender of forwards: local-owner@host, or its VERP form, or the sender unchanged. */
str delivery_newsender(str sender, str local, str host, bool owner, bool owner_default,
                       struct arena *a);
/* pre@host-@[] for recipient box@dom is prebox=dom@host; others unchanged. */
str delivery_verp(str sender, str recipient, struct arena *a);

/* The header of the message has this very Delivered-To line already. */
bool delivery_loops(str message, str dtline);
#define DELIVERY_LOOPS_TEXT "This message is looping: it already has my Delivered-To line. (#5.4.6)"

/* SPDX-License-Identifier: ISC */
/* smtpd/parent.h -- how sessions come to be: from the warm parent, or by hand on 0 and 1. */
#pragma once
#include "control/site.h"
#include "ipc/warm.h"

struct smtpd_parent {
    struct boot *boot;
    struct arena *site_arena;
    str archive; /* mapped; the site points into it */
    struct site site;
};

err smtpd_load_site(struct smtpd_parent *p, struct boot *boot);
/* Serves front until init says drain. Returns in each child too, after its session. */
err smtpd_serve(struct smtpd_parent *p);
/* One session on descriptors 0 and 1, as inetd and tcpserver start qmail-smtpd: facts about
 * the client from the environment, the configuration from the files below root, the queue
 * through the house's submit socket. */
err smtpd_by_hand(const char *root, char *const *environment);

/* SPDX-License-Identifier: ISC */
/* wire/imap_notify.h -- what NOTIFY asks for (RFC 5465). */
#pragma once
#include "wire/imap_command.h"

enum {
    IMAP_NOTIFY_GROUPS_MAX = 32,     /* of one command */
    IMAP_NOTIFY_MAILBOXES_MAX = 256, /* named in one command */
};

enum imap_notify_filter {
    IMAP_NOTIFY_SELECTED,
    IMAP_NOTIFY_SELECTED_DELAYED,
    IMAP_NOTIFY_INBOXES,
    IMAP_NOTIFY_PERSONAL,
    IMAP_NOTIFY_SUBSCRIBED,
    IMAP_NOTIFY_SUBTREE,   /* the mailboxes named and all below */
    IMAP_NOTIFY_MAILBOXES, /* just those */
};
enum imap_notify_event {
    IMAP_EVENT_NEW = 1,
    IMAP_EVENT_EXPUNGE = 2,
    IMAP_EVENT_FLAGS = 4,
    IMAP_EVENT_NAME = 8,
    IMAP_EVENT_SUBSCRIPTION = 16,
    IMAP_EVENT_METADATA = 32,
    IMAP_EVENT_SERVER_METADATA = 64,
    IMAP_EVENTS_OF_MESSAGES = 7,
};
struct imap_notify_group {
    enum imap_notify_filter filter;
    unsigned events; /* enum imap_notify_event, together; 0: NONE */
    bool unknown;    /* some event that is not known: BADEVENT (RFC 5465 5) */
    str *mailboxes;  /* as the client wrote them */
    size_t n;
    str fetch; /* of MessageNew: "(" … ")" as FETCH takes it; or empty */
};
struct imap_notify_args {
    bool none;   /* NOTIFY NONE */
    bool status; /* the state of affairs is wanted first */
    struct imap_notify_group *groups;
    size_t n;
};
/* ERR_SYNTAX also for what RFC 5465 5 and 6 call a BAD: events that do not go together, more than
 * messages' events for the selected mailbox. */
err imap_notify_args(struct imap_reader *r, struct imap_notify_args *ret);

/* SPDX-License-Identifier: ISC */
/* imapd/collect.h -- reads one whole command, its literals included, into session.command.
 *
 * The literal of APPEND that holds the message stays unread: cmd_append.c takes it in pieces.
 */
#pragma once
#include "imapd/session.h"

struct collected {
    bool whole; /* session.command is ready; else it was refused: */
    str tag;
    struct reply reply;
};
/* Fails only when the connection does. */
err collect_command(struct session *s, struct collected *ret);
/* Reads past n octets of a literal that nobody wants, and the rest of its line. */
err collect_skip_literal(struct session *s, uint64_t n);

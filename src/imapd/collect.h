/* SPDX-License-Identifier: ISC */
/* imapd/collect.h -- reads one whole command, its literals included, into session.command.
 *
 * The literals of APPEND and REPLACE that hold messages stay unread: cmd_append.c takes them in
 * pieces, and collects what stands between them.
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
/* What follows such a literal, up to the next one or the command's end. */
err collect_more(struct session *s, struct buf *text, bool *ret_whole, struct reply *ret_refusal);
/* Reads past n octets of a literal that nobody wants and past the rest of its command. Not in step:
 * that was too much, or where the command ends cannot be told; then the connection must end. */
err collect_skip_rest(struct session *s, uint64_t n, bool *ret_in_step);

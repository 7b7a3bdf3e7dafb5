/* SPDX-License-Identifier: ISC */
/* wire/imap_append.h -- what brings messages in: APPEND (RFC 9051 6.3.12), MULTIAPPEND (RFC 3502),
 * CATENATE (RFC 4469), REPLACE (RFC 8508) and UTF8 (RFC 9755 4).
 *
 * The literals that hold messages are read from the connection, not collected with the command.
 * So these parsers take one step each, and the caller fetches a literal between two of them.
 */
#pragma once
#include "wire/imap_command.h"

enum {
    IMAP_APPEND_MESSAGES_MAX = 200, /* of one MULTIAPPEND */
    IMAP_CATENATE_PARTS_MAX = 256,  /* of one command */
    IMAP_URL_MAX = 8 * 1024,
};

enum imap_append_data {
    IMAP_APPEND_LITERAL,  /* the announcement follows: "{n}" or "~{n}" */
    IMAP_APPEND_UTF8,     /* "UTF8 (": the announcement of a literal8 follows, then ")" */
    IMAP_APPEND_CATENATE, /* "CATENATE (": parts follow, then ")" */
};
struct imap_append_message {
    struct imap_flags flags;
    bool has_date;
    int64_t date;
    int zone_minutes;
    enum imap_append_data data;
};
/* SP mailbox. */
err imap_append_mailbox(struct imap_reader *r, str *ret_mailbox);
/* REPLACE: SP seq-number SP mailbox. */
err imap_replace_head(struct imap_reader *r, struct imap_set *ret_set, str *ret_mailbox);
/* SP [flags SP] [date-time SP], up to where the data begin. */
err imap_append_message(struct imap_reader *r, struct imap_append_message *ret);

struct imap_catenate_part {
    bool is_text; /* the announcement follows; else: */
    str url;
};
err imap_catenate_part(struct imap_reader *r, struct imap_catenate_part *ret);
/* After a part: SP and another (true), or the ")" that ends them. */
err imap_catenate_more(struct imap_reader *r, bool *ret_more);

/* `text` is a command so far and ends with a line that announces a literal: is that one to be left
 * unread for whoever takes the message? */
bool imap_append_at_message(struct arena *a, str text);
/* The same for the text after such a literal, within the same command. */
bool imap_append_still_at_message(str text);

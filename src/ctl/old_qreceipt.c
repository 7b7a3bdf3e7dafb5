/* SPDX-License-Identifier: ISC */
/* ctl/old_qreceipt.c -- answers Notice-Requested-Upon-Delivery-To: ADDRESS, for .qmail files:
 * |qreceipt ADDRESS. Exit code 0 with or without an answer; 111 when it could not be queued. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "ctl/submit.h"
#include "os/clock.h"
#include "wire/addrlist.h"
#include "wire/date.h"
#include "wire/header.h"

enum { MESSAGE_MAX = 1 << 30, ANSWER_MAX = 1 << 16, NAMED_MAX = 4096 };

/* Does the sender ask for a receipt from this address? */
static bool is_asked(struct ctl *c, str header, str address)
{
    struct header_field f;
    while (header_find_next(&header, S("Notice-Requested-Upon-Delivery-To"), &f)) {
        struct addrlist l = addrlist_parse(c->arena, f.value, ADDRLIST_SPLIT_WORDS);
        for (size_t i = 0; i < l.n; i++) {
            str one = l.at[i].mailbox;
            if (l.at[i].kind == ADDR_MAILBOX && l.at[i].host.p)
                one = arena_printf(c->arena, "%.*s@%.*s", STR_ARG(one), STR_ARG(l.at[i].host));
            if (l.at[i].kind == ADDR_MAILBOX && str_ieq(one, address))
                return true;
        }
    }
    return false;
}

static void write_receipt(struct ctl *c, str header, str address, str sender, struct buf *b)
{
    str id = header_value(c->arena, header, S("Message-ID"));
    buf_add(b, S("Date: "));
    date_write_qmail(b, clock_seconds());
    buf_addf(b, "\nFrom: DELIVERY NOTICE SYSTEM <%.*s>\nTo: <%.*s>\nSubject: success notice\n",
             STR_ARG(address), STR_ARG(sender));
    if (id.n && id.n < NAMED_MAX)
        buf_addf(b, "In-Reply-To: %.*s\n", STR_ARG(id));
    buf_addf(
        b,
        "Auto-Submitted: auto-replied\n\nThis is the qreceipt program. You asked for a notice: "
        "your message was delivered to\n%.*s\n",
        STR_ARG(address));
    if (id.n && id.n < NAMED_MAX)
        buf_addf(b, "\nIts Message-ID was %.*s\n", STR_ARG(id));
}

int old_qreceipt(struct ctl *c, int argc, char **argv)
{
    const char *variable = getenv("SENDER");
    if (argc != 2)
        return ctl_usage(c, "ADDRESS");
    if (!variable)
        return ctl_fail(c, CTL_PERMANENT, "fatal: SENDER not set");
    str sender = str_from(variable);
    if (!sender.n || str_eq(sender, S("#@[]"))) /* a bounce wants no receipt */
        return CTL_OK;
    struct buf message, answer;
    err e = descriptor_read(0, MESSAGE_MAX, &message);
    if (failed(e))
        return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to read message: %s", err_text(e));
    struct header_split split = header_split(buf_str(&message), HEADER_STOP_AT_JUNK);
    if (!is_asked(c, split.header, str_from(argv[1])))
        return CTL_OK;
    buf_init(&answer, ANSWER_MAX);
    write_receipt(c, split.header, str_from(argv[1]), sender, &answer);
    struct envelope to;
    envelope_init(&to, S(""));
    envelope_add(&to, sender);
    struct submit_outcome done;
    queue_submit(c, &to, buf_str(&answer), &done);
    if (done.code)
        return ctl_fail(c, done.text[0] == 'D' ? CTL_PERMANENT : CTL_TEMPORARY, "fatal: %s",
                        done.text + 1);
    return CTL_OK;
}

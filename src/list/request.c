/* SPDX-License-Identifier: ISC */
#include "list/manage.h"
#include "list/reply.h"
#include "wire/header.h"

/* Words of other list programs, and what they are here. */
static const struct {
    const char *word, *command;
} words[] = {
    {"subscribe", "subscribe"},
    {"sub", "subscribe"},
    {"join", "subscribe"},
    {"unsubscribe", "unsubscribe"},
    {"unsub", "unsubscribe"},
    {"signoff", "unsubscribe"},
    {"remove", "unsubscribe"},
    {"leave", "unsubscribe"},
    {"help", "help"},
    {"info", "info"},
    {"faq", "faq"},
    {"index", "index"},
    {"ind", "index"},
    {"get", "get"},
    {"query", "query"},
    {"which", "query"},
    {"who", "list"},
    {"review", "list"},
    {"rev", "list"},
    {"list", "list"},
};

static str first_word(str text, str *ret_rest)
{
    str word;
    text = str_trim(text);
    (void)str_cut(text, ' ', &word, ret_rest); /* one word only: no rest */
    return word;
}

static const char *command_of(str text, str *ret_rest)
{
    str word = first_word(text, ret_rest);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_ieq(word, str_from(words[i].word)))
            return words[i].command;
    return NULL;
}

struct verdict list_request(struct list_run *r)
{
    struct mlist *l = r->list;
    str rest = r->address_rest, line, what;
    if (!str_ieq(rest, S("request")))
        return (struct verdict){0};
    struct verdict v = reply_guard(r, "command forwarder for");
    if (v.code)
        return v;
    struct header_split m = header_split(r->message, 0);
    const char *command = command_of(header_value(l->arena, m.header, S("Subject")), &what);
    str body = m.body;
    for (unsigned i = 0; !command && i < 10 && str_line(&body, &line); i++)
        command = command_of(line, &what);
    command = command ? command : "help";
    str to = list_address(l, arena_printf(l->arena, "-%s", command).p);
    auto_buf struct buf b;
    buf_init(&b, (size_t)LIST_POST_MAX + 4096);
    buf_addf(&b, "Delivered-To: %.*s\n", STR_ARG(reply_delivered(l, "command forwarder for")));
    buf_add(&b, r->message);
    struct list_mail mail = {.sender = r->sender, .to = &to, .n = 1, .message = buf_str(&b)};
    err e = r->send(r->ctx, &mail);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to send the command on").text}
                     : (struct verdict){.code = 99};
}

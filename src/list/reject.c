/* SPDX-License-Identifier: ISC */
#include "list/post.h"
#include "list/post_body.h"
#include "wire/addrlist.h"
#include "wire/header.h"

static bool addressed(struct list_run *r, str header)
{
    struct mlist *l = r->list;
    struct header_field f;
    str own = list_address(l, "");
    while (header_next(&header, &f)) {
        if (!str_ieq(f.name, S("To")) && !str_ieq(f.name, S("Cc")))
            continue;
        struct addrlist to = addrlist_parse(l->arena, f.value, 0);
        for (size_t i = 0; i < to.n; i++)
            if (to.at[i].kind == ADDR_MAILBOX && str_ieq(to.at[i].mailbox, l->outlocal) &&
                (str_ieq(to.at[i].host, l->outhost) || !to.at[i].host.n))
                return true;
    }
    return str_find_str(header, own) >= 0;
}

static bool says_nothing(str subject)
{
    static const char *const nothing[] = {"", "(no subject)", "(null)", "(none)",
                                          "(no subject given)"};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        if (str_ieq(subject, str_from(nothing[i])))
            return true;
    return false;
}

static bool is_command(str subject)
{
    static const char *const words[] = {"help", "remove", "subscribe", "unsubscribe"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_ieq(subject, str_from(words[i])))
            return true;
    return false;
}

static struct verdict check_size(struct mlist *l, str body)
{
    str text;
    uint64_t max = 0, min = 0;
    if (!list_value(l, "msgsize", &text))
        return (struct verdict){0};
    (void)str_take_u64(&text, &max); /* no number: no bound */
    if (str_skip(&text, S(":")))
        (void)str_take_u64(&text, &min); /* likewise */
    if (max && body.n > max)
        return (struct verdict){100, arena_printf(l->arena,
                                                  "Sorry, I don't accept messages larger than %llu "
                                                  "bytes (#5.2.3)",
                                                  (unsigned long long)max)};
    if (min && body.n < min)
        return (struct verdict){100, arena_printf(l->arena,
                                                  "Sorry, I don't accept messages shorter than "
                                                  "%llu bytes (#5.2.3)",
                                                  (unsigned long long)min)};
    return (struct verdict){0};
}

static struct verdict check_types(struct mlist *l, const struct header_split *m)
{
    struct list_lines no = list_values(l, "headerreject");
    struct header_field f;
    str type;
    for (size_t i = 0; i < no.n; i++)
        if (header_find(m->header, no.at[i], &f))
            return (struct verdict){100, arena_printf(l->arena,
                                                      "Precise header line not allowed: %.*s "
                                                      "(#5.7.0)",
                                                      STR_ARG(no.at[i]))};
    if (post_body_refused(l, m->header, m->body, &type))
        return (struct verdict){100, arena_printf(l->arena,
                                                  "Sorry, a message part has an unacceptable MIME "
                                                  "Content-Type: %.*s (#5.2.3)",
                                                  STR_ARG(type))};
    return (struct verdict){0};
}

static struct verdict send_to_request(struct list_run *r)
{
    struct mlist *l = r->list;
    str to = list_address(l, "-request");
    struct list_mail mail = {.sender = r->sender, .to = &to, .n = 1, .message = r->message};
    err e = r->send(r->ctx, &mail);
    return failed(e) ? verdict_of(e, "unable to send the command on")
                     : (struct verdict){.code = 99};
}

struct verdict list_reject(struct list_run *r, const struct post_rules *rules)
{
    struct header_split m = header_split(r->message, 0);
    struct arena *a = arena_new("subject", 1 << 20);
    struct verdict v = {0};
    str precedence = header_value(a, m.header, S("Precedence"));
    str subject = header_value(a, m.header, S("Subject"));
    bool null = !r->sender.n || str_eq(r->sender, S("#@[]"));
    if (rules->bounces && r->has_sender && null)
        v = VERDICT(100, "Sorry, I don't accept bounce messages. They should go to the list owner "
                         "(#5.7.2)");
    else if (str_ieq(precedence, S("junk")) || str_ieq(precedence, S("bulk")))
        v = (struct verdict){.code = 99};
    else if (rules->commands && is_command(subject) && rules->forward && r->list)
        v = send_to_request(r);
    else if (rules->commands && is_command(subject))
        v = VERDICT(100, "Sorry, administrative requests must go to the -request or command "
                         "address (#5.7.0)");
    else if (rules->subject && says_nothing(subject))
        v = VERDICT(100, "Sorry, I don't accept message without a subject (#5.7.0)");
    else if (rules->to && r->list && !addressed(r, m.header))
        v = rules->quiet ? (struct verdict){.code = 99}
                         : VERDICT(100, "Sorry, the list must be named in To or Cc (#5.7.0)");
    if (!v.code && rules->types && r->list)
        v = check_size(r->list, m.body);
    if (!v.code && rules->types && r->list)
        v = check_types(r->list, &m);
    arena_free(a);
    return v;
}

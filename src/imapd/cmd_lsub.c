/* SPDX-License-Identifier: ISC */
/* LSUB: RFC 3501 6.3.9. RFC 9051 has LIST (SUBSCRIBED) instead. */
#include "imapd/cmd.h"
#include "imapd/names.h"
#include "imapd/shared.h"
#include "wire/imap_list.h"

static void say_folder(struct session *s, str attributes, str name)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_addf(&b, "* LSUB (%.*s) \".\" ", STR_ARG(attributes));
    names_write(s, &b, name);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

/* 6.3.9: with "%", a level that is not subscribed but has subscribed ones below is shown as
 * \Noselect. */
static void say_parents(struct session *s, str pattern, str name, struct map *said)
{
    static char mark;
    for (size_t i = 1; i < name.n; i++) {
        str parent = str_slice(name, 0, i);
        if (name.p[i] != '.' || map_get(said, parent) != NULL || !names_match(s, pattern, parent))
            continue;
        map_put(said, parent, &mark);
        say_folder(s, S("\\Noselect"), parent);
    }
}

static void say_subscribed(struct session *s, str pattern, const struct store_folder *folders,
                           size_t n)
{
    static char mark;
    struct map *said = map_new();
    for (size_t i = 0; i < n; i++) {
        if (!(folders[i].flags & STORE_SUBSCRIBED) || !names_match(s, pattern, folders[i].name))
            continue;
        map_put(said, folders[i].name, &mark);
        say_folder(s, S(""), folders[i].name);
    }
    if (imap_list_wants_parents(pattern))
        for (size_t i = 0; i < n; i++)
            if (folders[i].flags & STORE_SUBSCRIBED)
                say_parents(s, pattern, folders[i].name, said);
    map_free(said);
}

CMD(lsub)
{
    (void)head;
    struct imap_list_args list;
    err e = imap_list_args(args, &list);
    if (failed(e))
        return reply_bad(e);
    if (list.pattern.n == 0) {
        say_folder(s, S("\\Noselect"), S(""));
        return reply_ok("Listed");
    }
    struct store_folder *folders;
    size_t n;
    e = store_list(shared_own(s), s->arena, &folders, &n);
    if (failed(e))
        return reply_store(s, e, NULL);
    say_subscribed(s, imap_list_pattern(s->arena, list.reference, list.pattern), folders, n);
    return reply_ok("Listed");
}

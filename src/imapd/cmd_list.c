/* SPDX-License-Identifier: ISC */
/* LIST, LSUB, NAMESPACE: RFC 3501 6.3.8 and 6.3.9, RFC 2342, RFC 3348 (CHILDREN). */
#include "imapd/cmd.h"
#include "wire/imap_list.h"
#include "wire/imap_write.h"

static const char separator = '.';

static void say_folder(struct session *s, str verb, str attributes, str name)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_addf(&b, "* %.*s (%.*s) \".\" ", STR_ARG(verb), STR_ARG(attributes));
    imap_write_astring(&b, name);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

static str attributes_of(struct session *s, const struct store_folder *f)
{
    const char *children = f->flags & STORE_HAS_CHILDREN ? "\\HasChildren" : "\\HasNoChildren";
    const char *more = f->flags & STORE_NOSELECT ? "\\Noselect "
                       : f->flags & STORE_MARKED ? "\\Marked "
                                                 : "\\Unmarked ";
    return arena_printf(s->arena, "%s%s", more, children);
}

CMD(list)
{
    (void)head;
    struct imap_list_args list;
    err e = imap_list_args(args, &list);
    if (failed(e))
        return reply_bad(e);
    /* 6.3.8: an empty name asks for the separator and the root of the reference. */
    if (list.pattern.n == 0) {
        say_folder(s, S("LIST"), S("\\Noselect"), S(""));
        return reply_ok("Listed");
    }
    struct store_folder *folders;
    size_t n;
    e = store_list(s->store, s->arena, &folders, &n);
    if (failed(e))
        return reply_store(s, e, NULL);
    str pattern = imap_list_pattern(s->arena, list.reference, list.pattern);
    for (size_t i = 0; i < n; i++)
        if (!(folders[i].flags & STORE_ABSENT) &&
            imap_list_match(pattern, folders[i].name, separator))
            say_folder(s, S("LIST"), attributes_of(s, &folders[i]), folders[i].name);
    return reply_ok("Listed");
}

/* 6.3.9: with "%", a level that is not subscribed but has subscribed ones below is shown as
 * \Noselect. */
static void say_parents(struct session *s, str pattern, str name, struct map *said)
{
    static char mark;
    for (size_t i = 1; i < name.n; i++) {
        str parent = str_slice(name, 0, i);
        if (name.p[i] != separator || map_get(said, parent) != NULL ||
            !imap_list_match(pattern, parent, separator))
            continue;
        map_put(said, parent, &mark);
        say_folder(s, S("LSUB"), S("\\Noselect"), parent);
    }
}

static void say_subscribed(struct session *s, str pattern, const struct store_folder *folders,
                           size_t n)
{
    static char mark;
    struct map *said = map_new();
    for (size_t i = 0; i < n; i++) {
        if (!(folders[i].flags & STORE_SUBSCRIBED) ||
            !imap_list_match(pattern, folders[i].name, separator))
            continue;
        map_put(said, folders[i].name, &mark);
        say_folder(s, S("LSUB"), S(""), folders[i].name);
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
        say_folder(s, S("LSUB"), S("\\Noselect"), S(""));
        return reply_ok("Listed");
    }
    struct store_folder *folders;
    size_t n;
    e = store_list(s->store, s->arena, &folders, &n);
    if (failed(e))
        return reply_store(s, e, NULL);
    say_subscribed(s, imap_list_pattern(s->arena, list.reference, list.pattern), folders, n);
    return reply_ok("Listed");
}

CMD(namespace)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    say(s, "* NAMESPACE ((\"\" \".\")) NIL NIL\r\n");
    return reply_ok("Your own mail is all there is");
}

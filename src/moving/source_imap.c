/* SPDX-License-Identifier: ISC */
/* How it works: the UIDs of a folder are asked for once, those that are done are left out, the
 * rest is fetched in windows. The key is "UIDVALIDITY.UID". */
#include <stdio.h>
#include <stdlib.h>

#include "moving/source.h"
#include "store/session.h"

struct server {
    struct moving_source source;
    struct arena *a;
    struct imap_client *client;
    VEC(struct moving_folder) folders;
    VEC(str) names; /* on the server */
    uint32_t uidvalidity;
    struct imap_client_uids uids;
    size_t at; /* of the UIDs not asked for yet */
    bool fetching;
    uint32_t asked[IMAP_CLIENT_WINDOW];
    char key[32];
    str words[IMAP_CLIENT_FLAGS_MAX];
};

static err target_name(const struct imap_client_folder *f, struct buf *b)
{
    str rest = f->name, level;
    bool more = true;
    if (str_ieq(rest, S("INBOX"))) {
        buf_add(b, S("INBOX"));
        return OK_ERR;
    }
    while (more) {
        more = f->delimiter && str_cut(rest, f->delimiter, &level, &rest);
        if (!f->delimiter)
            level = rest;
        if (b->n)
            buf_addc(b, '.');
        err e = source_level(b, level);
        if (failed(e))
            return e;
    }
    return buf_check(b, "folder name");
}

static const char *key_of(struct server *s, uint32_t uid)
{
    (void)snprintf(s->key, sizeof s->key, "%u.%u", s->uidvalidity, uid); /* fits */
    return s->key;
}

static err open_folder(struct moving_source *source, size_t folder)
{
    struct server *s = container_of(source, struct server, source);
    struct imap_client_box box;
    s->at = s->uids.n = 0;
    err e = imap_client_examine(s->client, s->names.at[folder], &box);
    if (!failed(e)) {
        s->uidvalidity = box.uidvalidity;
        source->folders[folder].messages = box.messages;
        e = box.messages ? imap_client_uids(s->client, 1, &s->uids) : OK_ERR;
    }
    source->why = failed(e) ? imap_client_said(s->client) : S("");
    return e;
}

static err ask_more(struct server *s)
{
    size_t n = 0;
    for (; s->at < s->uids.n && n < IMAP_CLIENT_WINDOW; s->at++)
        if (!source_skips(&s->source, str_from(key_of(s, s->uids.at[s->at]))))
            s->asked[n++] = s->uids.at[s->at];
    s->fetching = n > 0;
    return n ? imap_client_fetch(s->client, s->asked, n) : OK_ERR;
}

static void describe(struct server *s, const struct imap_client_message *m,
                     struct moving_message *ret)
{
    static const struct {
        str name;
        uint32_t flag;
    } system[] = {{S("\\Seen"), STORE_SEEN},
                  {S("\\Answered"), STORE_ANSWERED},
                  {S("\\Flagged"), STORE_FLAGGED},
                  {S("\\Deleted"), STORE_DELETED},
                  {S("\\Draft"), STORE_DRAFT}};
    ret->n_keywords = 0;
    for (size_t i = 0; i < m->n_flags; i++) {
        uint32_t flag = 0;
        for (size_t k = 0; k < sizeof system / sizeof system[0]; k++)
            if (str_ieq(m->flags[i], system[k].name))
                flag = system[k].flag;
        ret->flags |= flag;
        if (!flag && m->flags[i].p[0] != '\\')
            s->words[ret->n_keywords++] = m->flags[i];
    }
    ret->keywords = s->words;
}

static err next_message(struct moving_source *source, struct moving_message *ret, bool *ret_end)
{
    struct server *s = container_of(source, struct server, source);
    struct imap_client_message m;
    bool end = true;
    err e = OK_ERR;
    source->why = S("");
    do {
        if (!s->fetching)
            e = ask_more(s);
        if (!failed(e) && s->fetching) {
            e = imap_client_next(s->client, &m, &end);
            s->fetching = !end && !failed(e);
        }
        if (failed(e)) {
            source->why = imap_client_said(s->client);
            return e;
        }
    } while (end && s->at < s->uids.n);
    *ret_end = end;
    if (end)
        return OK_ERR;
    *ret =
        (struct moving_message){.key = str_from(key_of(s, m.uid)), .date = m.date, .bytes = m.body};
    describe(s, &m, ret);
    if (m.too_large)
        ret->problem = "it is larger than 256 MiB";
    else if (m.body.n == 0)
        ret->problem = "the server gave nothing";
    return OK_ERR;
}

static void free_server(struct moving_source *source)
{
    struct server *s = container_of(source, struct server, source);
    vec_done(&s->folders);
    vec_done(&s->names);
    free(s->uids.at);
    free(s);
}

err source_open_imap(struct imap_client *client, struct arena *a, struct moving_source **ret)
{
    struct server *s = mem_alloc("imap source", sizeof *s);
    struct imap_client_folder *all = NULL;
    size_t n = 0;
    *s = (struct server){.a = a, .client = client};
    s->source =
        (struct moving_source){.open = open_folder, .next = next_message, .free = free_server};
    err e = imap_client_list(client, a, &all, &n);
    for (size_t i = 0; i < n && !failed(e); i++) {
        auto_buf struct buf b;
        buf_init(&b, 4096);
        if (all[i].noselect)
            continue;
        e = target_name(&all[i], &b);
        struct moving_folder f = {.name = arena_copy(a, buf_str(&b)),
                                  .place = all[i].name,
                                  .subscribed = all[i].subscribed};
        vec_push(&s->folders, f);
        vec_push(&s->names, all[i].name);
    }
    if (failed(e)) {
        free_server(&s->source);
        return e;
    }
    s->source.folders = s->folders.at;
    s->source.n_folders = s->folders.n;
    *ret = &s->source;
    return OK_ERR;
}

/* SPDX-License-Identifier: ISC */
/* How much mail the owner may keep: store/quota.h. Without a limit nothing is counted. */
#include <stdio.h>

#include "keeper/keeper.h"
#include "store/maildir_name.h"

static const char *mbox_of(const struct keeper *k)
{
    return k->folders.inbox_is_mbox ? k->folders.inbox : NULL;
}

void keeper_set_quota(struct keeper *k, const struct quota *limit, str user, str host)
{
    k->quota = *limit;
    (void)snprintf(k->user, sizeof k->user, "%.*s", STR_ARG(user)); /* for words in a mail */
    (void)snprintf(k->host, sizeof k->host, "%.*s", STR_ARG(host));
}

err keeper_room(struct keeper *k, uint64_t bytes, uint64_t messages)
{
    return quota_room(k->folders.home, k->folders.root, mbox_of(k), &k->quota, bytes, messages);
}

void keeper_count(struct keeper *k, const struct box *b, int64_t bytes, int64_t messages)
{
    struct quota used;
    if (!quota_is_set(&k->quota))
        return;
    if (b->cur >= 0) /* an mbox is looked at as it is */
        quota_note(k->folders.home, k->folders.root, bytes, messages);
    err e = quota_used(k->folders.home, k->folders.root, mbox_of(k), &k->quota, &used);
    if (!failed(e)) /* else the next one who counts warns */
        quota_warn(k->folders.home, k->folders.root, str_from(k->user), str_from(k->host),
                   &k->quota, &used);
}

uint64_t keeper_disk_size(const struct box *b, size_t index)
{
    char scratch[16];
    if (b->cur < 0)
        return b->table.at[index].size;
    struct maildir_name n =
        maildir_name_parse(str_from(box_name(b, b->entries.at[index].name)), scratch);
    return n.has_size ? n.size : b->table.at[index].size;
}

void keeper_sum(const struct box *b, str set, bool all, bool deleted_only, uint64_t *ret_bytes,
                uint64_t *ret_messages)
{
    *ret_bytes = *ret_messages = 0;
    for (size_t i = 0; i < (all ? 1 : set_count(set)); i++) {
        struct store_range r = all ? (struct store_range){1, UINT32_MAX} : set_at(set, i);
        for (size_t at = box_from(b, r.from); at < b->table.n && b->table.at[at].uid <= r.to;
             at++) {
            if (deleted_only && !(b->table.at[at].flags & STORE_DELETED))
                continue;
            *ret_bytes += keeper_disk_size(b, at);
            (*ret_messages)++;
        }
    }
}

err serve_quota(struct client *c, const struct packet *p)
{
    struct keeper_nothing q;
    err e = ipc_decode(&keeper_quota_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct keeper *k = c->keeper;
    struct quota used = {0};
    if (quota_is_set(&k->quota))
        e = quota_used(k->folders.home, k->folders.root, mbox_of(k), &k->quota, &used);
    struct keeper_quota a = {.outcome = outcome_of(e),
                             .text = words_of(e),
                             .bytes = used.bytes,
                             .messages = used.messages,
                             .most_bytes = k->quota.bytes,
                             .most_messages = k->quota.messages};
    return channel_try_send(c->channel, &keeper_quota_schema, p->id, &a, NULL, 0);
}

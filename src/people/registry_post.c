/* SPDX-License-Identifier: ISC */
#include "os/random.h"
#include "people/registry_db.h"

static str link_url(struct registry *r, const char *purpose, const struct card *card, int64_t now,
                    struct arena *a)
{
    if (!purpose || r->settings->base_url.n == 0)
        return S("");
    auto_buf struct buf b;
    buf_init(&b, 2048);
    bool host = card_is(card, CARD_CLASS, S("host"));
    struct link l = {.purpose = arena_printf(a, "%s%s", host ? "ip-" : "", purpose),
                     .login = card->at[CARD_LOGIN],
                     .serial = card_serial(card),
                     .expires = now + LINK_DAYS * 86400};
    str base = r->settings->base_url;
    buf_addf(&b, "%.*s%s%.*s/", STR_ARG(base), str_ends(base, S("/")) ? "" : "/",
             STR_ARG(l.purpose));
    link_write(r->key, &l, &b);
    return arena_copy(a, buf_str(&b));
}

static err put(struct registry *r, enum letter_kind kind, bool guarantor, const struct card *card,
               int64_t now, struct arena *a)
{
    str to = guarantor ? arena_printf(a, "%.*s@%.*s", STR_ARG(card->at[CARD_GUARANTOR]),
                                      STR_ARG(r->post.host))
                       : card->at[CARD_EMAIL];
    struct letter l = {
        .kind = kind,
        .card = card,
        .to_guarantor = guarantor,
        .from = r->post.admin,
        .to = to,
        .url = link_url(r, letter_link(kind, guarantor), card, now, a),
        .id =
            arena_printf(a, "gate.%lld.%016llx", (long long)now, (unsigned long long)random_u64()),
        .host = r->post.host,
        .now = now,
    };
    auto_buf struct buf b;
    buf_init(&b, LETTER_MAX);
    letter_write(&l, &b);
    err e = buf_check(&b, "a letter is too long");
    if (failed(e))
        return e;
    return db_run(r, "INSERT INTO outbox(recipient, message) VALUES(?, ?)", "ss", to, buf_str(&b));
}

err registry_letters(struct registry *r, enum letter_kind kind, const struct card *card,
                     int64_t now, struct arena *a)
{
    err e = OK_ERR;
    for (int guarantor = 0; guarantor < 2 && !failed(e); guarantor++)
        if (letter_goes_to(kind, guarantor, card))
            e = put(r, kind, guarantor, card, now, a);
    return e;
}

static err first_letter(struct registry *r, struct arena *a, int64_t *ret_id, str *ret_to,
                        str *ret_message)
{
    auto_stmt sqlite3_stmt *s = NULL;
    bool row = false;
    err e = db_prepare(r, &s, "SELECT id, recipient, message FROM outbox ORDER BY id LIMIT 1", "");
    if (!failed(e))
        e = db_step(r, s, &row);
    if (failed(e))
        return e;
    if (!row)
        return err_new(ERR_NOTFOUND, "no letter waits");
    *ret_id = sqlite3_column_int64(s, 0);
    *ret_to = arena_copy(a, db_text(s, 1));
    *ret_message = arena_copy(a, db_text(s, 2));
    return OK_ERR;
}

/* Sent before it is forgotten: a crash in between sends a letter twice, never none. */
err registry_flush(struct registry *r, err (*send)(void *ctx, str recipient, str message),
                   void *ctx)
{
    auto_arena struct arena *a = arena_new("letter", 1 << 20);
    for (;;) {
        int64_t id;
        str to, message;
        arena_reset(a);
        err e = first_letter(r, a, &id, &to, &message);
        if (e.kind == ERR_NOTFOUND)
            return OK_ERR;
        if (!failed(e))
            e = send(ctx, to, message);
        if (!failed(e))
            e = db_run(r, "DELETE FROM outbox WHERE id = ?", "i", id);
        if (failed(e))
            return e;
    }
}

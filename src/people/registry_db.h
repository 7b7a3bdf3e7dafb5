/* SPDX-License-Identifier: ISC */
/* people/registry_db.h -- the database below people/registry.h: rows, no rules. */
#pragma once
#include <sqlite3.h>

#include "people/link.h"
#include "people/registry.h"

enum { REGISTRY_VERSION = 1, REGISTRY_BUSY_MS = 10000, REGISTRY_ARENA = 64 << 20 };

#define REGISTRY_DIR "var/lib/twinpost/gate"
#define REGISTRY_FILE "registry.db"

struct registry {
    sqlite3 *db;
    int root_dir;
    int people_dir;
    bool reads_only;
    const struct gate_settings *settings;
    struct registry_post post;
    uint8_t key[LINK_KEY_BYTES];
    struct arena *arena; /* settings of the opening */
};

err db_open(struct registry *r, bool to_write);
err db_exec(struct registry *r, const char *sql);
/* A statement with its texts and numbers bound in order: 's' str, 'i' int64_t. */
err db_prepare(struct registry *r, sqlite3_stmt **ret, const char *sql, const char *kinds, ...);
err db_run(struct registry *r, const char *sql, const char *kinds, ...); /* no rows */
err db_step(struct registry *r, sqlite3_stmt *s, bool *ret_row);
str db_text(sqlite3_stmt *s, int column); /* lives until the next step */
void db_finalize(sqlite3_stmt **s);
#define auto_stmt __attribute__((cleanup(db_finalize)))
/* A single number; 0 when there is no row. */
err db_number(struct registry *r, int64_t *ret, const char *sql, const char *kinds, ...);

/* registry_export.c: writes the cards that wait for it as text below $DB_BASE. */
err registry_export(struct registry *r);
/* registry_post.c: the letters that an event causes, into the outbox. */
err registry_letters(struct registry *r, enum letter_kind kind, const struct card *card,
                     int64_t now, struct arena *a);
/* registry_rules.c: may this be done by whom, and with what fields? */
err registry_may(struct registry *r, const struct reg_act *act, const struct card *before,
                 struct arena *a);
err registry_name_is_free(struct registry *r, bool host, str login, struct arena *a);
err registry_check_card(struct registry *r, const struct card *card, str actor, struct arena *a,
                        enum card_key *ret_key);
err registry_next_uid(struct registry *r, struct arena *a, uint32_t *ret_uid);
/* registry.c */
err registry_store(struct registry *r, const struct card *card);
err registry_audit_add(struct registry *r, const struct audit_line *l);

/* SPDX-License-Identifier: ISC */
#include "control/site.h"

#include "control/schema.h"
#include "control/tcprules.h"
#include "os/file.h"

static void add32(struct buf *b, size_t v)
{
    for (int i = 0; i < 4; i++)
        buf_addc(b, (char)(unsigned char)(v >> (8 * i)));
}

static void add_file(struct buf *out, str name, str content)
{
    add32(out, name.n);
    add32(out, content.n);
    buf_add(out, name);
    buf_add(out, content);
}

/* A file that is not there adds nothing. */
static err add_path(int root, const char *path, str name, struct arena *a, struct buf *out)
{
    str content;
    err e = file_read(root, path, CONTROL_FILE_MAX, a, &content);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (!failed(e))
        add_file(out, name, content);
    return e;
}

/* control/tcp.smtp is text and compiled here, so that a reload is enough; where there is none,
 * /etc/tcp.smtp.cdb counts, which a qmail site compiles by hand. */
static err add_rules(int root, enum site_rules r, struct arena *a, struct buf *out)
{
    str name = arena_printf(a, "tcp/%s", site_rules_name(r));
    str text;
    str path = arena_printf(a, "var/qmail/control/tcp.%s", site_rules_name(r));
    err e = file_read(root, path.p, CONTROL_FILE_MAX, a, &text);
    if (e.kind == ERR_NOTFOUND) {
        path = arena_printf(a, "etc/tcp.%s.cdb", site_rules_name(r));
        return add_path(root, path.p, name, a, out);
    }
    if (failed(e))
        return e;
    auto_buf struct buf cdb;
    buf_init(&cdb, CONTROL_FILE_MAX);
    struct tcprules_report report;
    e = tcprules_compile(text, &cdb, &report);
    if (!failed(e))
        add_file(out, name, buf_str(&cdb));
    return e;
}

err site_collect(int root, bool secrets, struct buf *out)
{
    return site_collect_for(root, secrets, ~0u, out);
}

err site_collect_for(int root, bool secrets, unsigned readers, struct buf *out)
{
    auto_arena struct arena *a = arena_new("site collect", (size_t)4 * SITE_ARCHIVE_MAX);
    buf_add(out, S("twinpost site 1\n"));
    for (size_t i = 0; i < control_schema_n; i++) {
        const struct control_entry *c = &control_schema[i];
        if (c->secret != secrets || !(c->readers & readers))
            continue;
        str path = arena_printf(a, "var/qmail/control/%s", c->name);
        err e = add_path(root, path.p, str_from(c->name), a, out);
        if (failed(e))
            return e;
        if (arena_used(a) > SITE_ARCHIVE_MAX)
            return err_new(ERR_LIMIT, "site archive");
    }
    if (secrets)
        return buf_check(out, "site archive");
    err e = add_path(root, "var/qmail/users/cdb", S("users/cdb"), a, out);
    for (enum site_rules r = 0; r < RULES_COUNT && !failed(e); r++)
        e = add_rules(root, r, a, out);
    return failed(e) ? e : buf_check(out, "site archive");
}

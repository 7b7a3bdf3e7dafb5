/* SPDX-License-Identifier: ISC */
#include "control/show.h"

#include "control/names.h"
#include "control/schema.h"
#include "control/site.h"
#include "os/file.h"

static void add_value(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) { /* UTF-8 passes, what moves the cursor does not */
        unsigned char c = (unsigned char)text.p[i];
        buf_addc(out, c < 32 || c == 127 ? '?' : text.p[i]);
    }
}

static void show_names(const struct control_entry *c, const struct names *n, bool secret,
                       struct buf *out)
{
    if (n->n == 0)
        buf_add(out, n->present ? S(" (empty)") : S(" (none)"));
    for (size_t i = 0; i < n->n; i++) {
        buf_add(out, S("\n    "));
        add_value(out, n->at[i].key);
        if (c->type != CONTROL_MAP)
            continue;
        buf_addc(out, ':');
        add_value(out, secret ? S("(not shown)") : n->at[i].value);
    }
}

static void show_value(const struct control_entry *c, const struct site *s, struct buf *out)
{
    const void *field = (const char *)s + c->field;
    switch (c->type) {
    case CONTROL_LINE:
        buf_addc(out, ' ');
        add_value(out, *(const str *)field);
        break;
    case CONTROL_TEXT: {
        str line, text = *(const str *)field;
        while (line_next(&text, &line)) {
            buf_add(out, S("\n    "));
            add_value(out, line);
        }
        break;
    }
    case CONTROL_NUMBER:
        buf_addf(out, " %llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case CONTROL_FLAG:
        buf_addf(out, " %s", *(const bool *)field ? "yes" : "no");
        break;
    case CONTROL_CHOICE:
        buf_addf(out, " %s", c->choices[*(const int *)field]);
        break;
    case CONTROL_LIST:
    case CONTROL_MAP:
        show_names(c, field, c->secret, out);
        break;
    case CONTROL_CDB:
        buf_addf(out, " %zu bytes", ((const str *)field)->n);
        break;
    }
}

static void show_setting(const struct control_entry *c, const struct site *s, bool given,
                         struct buf *out)
{
    buf_addf(out, "%s:", c->name);
    show_value(c, s, out);
    buf_addf(out, "\n    # %s\n    # ", c->help);
    bool follows = !given && c->fallback && str_eq(str_from(c->fallback), S("=me"));
    buf_addf(out, "%s; a %s, read by ",
             given     ? "from control/"
             : follows ? "default, as me"
                       : "default",
             control_type_name(c->type));
    control_readers(c->readers, out);
    buf_addf(out, "%s%s\n", c->restart ? "; a change needs a restart" : "",
             c->ours ? "" : "; as in qmail");
}

err show_site(int root, str only, struct buf *out)
{
    if (only.n && !control_find(only))
        return err_new(ERR_NOTFOUND, "no such setting");
    auto_buf struct buf archive, secrets;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    buf_init(&secrets, SITE_ARCHIVE_MAX);
    auto_arena struct arena *a = arena_new("show", (size_t)1 << 30);
    struct site s;
    err e = site_collect(root, false, &archive);
    if (!failed(e))
        e = site_parse(buf_str(&archive), a, &s);
    if (failed(e))
        return e;
    /* Not everybody may read the secrets, and nobody sees them here: the rest is shown anyway. */
    if (!failed(site_collect(root, true, &secrets)))
        (void)site_parse_secrets(buf_str(&secrets), a, &s);
    for (size_t i = 0; i < control_schema_n; i++) {
        const struct control_entry *c = &control_schema[i];
        if (only.n && !str_eq(only, str_from(c->name)))
            continue;
        str content;
        str from = buf_str(c->secret ? &secrets : &archive);
        show_setting(c, &s, !failed(site_file(from, str_from(c->name), &content)), out);
    }
    return buf_check(out, "settings");
}

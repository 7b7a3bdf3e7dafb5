/* SPDX-License-Identifier: ISC */
#include "store/attributes.h"

#include "os/file.h"

static const str first_line = S("twinpost-attributes 1\n");

static bool name_is_good(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 127)
            return false;
    return name.n > 0 && name.n <= ATTRIBUTES_NAME_MAX;
}

static bool take_one(str *rest, struct attribute *ret)
{
    ptrdiff_t space = str_find(*rest, ' ');
    uint64_t n = 0;
    if (space < 0)
        return false;
    ret->name = str_slice(*rest, 0, (size_t)space);
    *rest = str_from_at(*rest, (size_t)space + 1);
    if (!name_is_good(ret->name) || !str_take_u64(rest, &n) || !str_skip(rest, S(":")) ||
        n > ATTRIBUTES_VALUE_MAX || n >= rest->n || rest->p[n] != '\n')
        return false;
    ret->value = str_slice(*rest, 0, (size_t)n);
    *rest = str_from_at(*rest, (size_t)n + 1);
    return true;
}

static size_t find(const struct attributes *all, str name)
{
    size_t i = 0;
    while (i < all->n && !str_ieq(all->at[i].name, name))
        i++;
    return i;
}

void attributes_parse(str text, struct attributes *ret)
{
    ret->n = 0;
    struct attribute one;
    if (!str_skip(&text, first_line))
        return;
    while (ret->n < ATTRIBUTES_MAX && text.n > 0 && take_one(&text, &one))
        if (find(ret, one.name) == ret->n)
            ret->at[ret->n++] = one;
}

void attributes_write(const struct attributes *all, struct buf *b)
{
    buf_add(b, first_line);
    for (size_t i = 0; i < all->n; i++) {
        buf_addf(b, "%.*s %zu:", STR_ARG(all->at[i].name), all->at[i].value.n);
        buf_add(b, all->at[i].value);
        buf_addc(b, '\n');
    }
}

err attributes_merge(struct attributes *all, const struct attribute *changes, size_t n)
{
    struct attributes merged = *all;
    for (size_t k = 0; k < n; k++) {
        const struct attribute *c = &changes[k];
        size_t i = find(&merged, c->name);
        if (!name_is_good(c->name))
            return err_new(ERR_SYNTAX, "not a name of an attribute");
        if (c->value.n > ATTRIBUTES_VALUE_MAX)
            return err_new(ERR_LIMIT, "the value is too long");
        if (c->value.p == NULL && i < merged.n)
            merged.at[i] = merged.at[--merged.n];
        else if (c->value.p != NULL && i == ATTRIBUTES_MAX)
            return err_new(ERR_LIMIT, "too many attributes");
        else if (c->value.p != NULL) {
            merged.at[i] = *c;
            merged.n += i == merged.n;
        }
    }
    *all = merged;
    return OK_ERR;
}

err attributes_read(int dir, const char *path, struct arena *a, struct attributes *ret)
{
    str text = S("");
    err e = file_read(dir, path, ATTRIBUTES_FILE_MAX, a, &text);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    attributes_parse(text, ret);
    return OK_ERR;
}

err attributes_change(int dir, const char *path, const struct attribute *changes, size_t n)
{
    auto_arena struct arena *a = arena_new("attributes", 2 * ATTRIBUTES_FILE_MAX);
    struct attributes all;
    err e = attributes_read(dir, path, a, &all);
    if (!failed(e))
        e = attributes_merge(&all, changes, n);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    buf_init(&b, ATTRIBUTES_FILE_MAX);
    attributes_write(&all, &b);
    e = buf_check(&b, "attributes");
    return failed(e) ? e : file_replace(dir, path, buf_str(&b), 0600);
}

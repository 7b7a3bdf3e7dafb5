/* SPDX-License-Identifier: ISC */
#include "store/keywords.h"

#include <stdlib.h>
#include <string.h>

static char *copy_name(str s)
{
    char *p = mem_alloc("keyword", s.n + 1);
    memcpy(p, s.p, s.n);
    return p;
}

void keywords_done(struct keywords *k)
{
    for (size_t i = 0; i < STORE_KEYWORDS_MAX; i++)
        free(k->name[i]);
    *k = (struct keywords){0};
}

bool keyword_is_valid(str name)
{
    if (!name.n || name.n > STORE_KEYWORD_BYTES || name.p[0] == '\\')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c >= 127 || memchr("(){%*\"\\]", c, 8))
            return false;
    }
    return true;
}

void keywords_parse(struct keywords *k, str text)
{
    keywords_done(k);
    str line;
    while (str_line(&text, &line)) {
        uint64_t i;
        if (!str_take_u64(&line, &i) || i >= STORE_KEYWORDS_MAX || !str_skip(&line, S(" ")) ||
            !keyword_is_valid(line) || k->name[i]) {
            k->damaged++;
            continue;
        }
        k->name[i] = copy_name(line);
    }
}

void keywords_write(const struct keywords *k, struct buf *b)
{
    for (size_t i = 0; i < STORE_KEYWORDS_MAX; i++)
        if (k->name[i])
            buf_addf(b, "%zu %s\n", i, k->name[i]);
}

int keywords_find(const struct keywords *k, str name)
{
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++)
        if (k->name[i] && str_ieq(str_from(k->name[i]), name))
            return i;
    return -1;
}

err keywords_need(struct keywords *k, str name, int *ret_letter, bool *ret_added)
{
    int at = keywords_find(k, name);
    bool added = at < 0;
    if (added && !keyword_is_valid(name))
        return err_new(ERR_SYNTAX, "not a keyword");
    for (int i = 0; at < 0 && i < STORE_KEYWORDS_MAX; i++)
        if (!k->name[i])
            at = i;
    if (at < 0)
        return err_new(ERR_LIMIT, "all 26 keywords of this mailbox are taken");
    if (added)
        k->name[at] = copy_name(name);
    *ret_letter = at;
    *ret_added |= added;
    return OK_ERR;
}

bool keywords_cover(struct keywords *k, uint32_t flags)
{
    bool added = false;
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++) {
        if (!(flags & STORE_KEYWORD(i)) || k->name[i])
            continue;
        char name[] = "unknown-a";
        name[sizeof name - 2] = (char)('a' + i);
        k->name[i] = copy_name(str_from(name));
        added = true;
    }
    return added;
}

void keywords_list(const struct keywords *k, struct buf *b)
{
    size_t n = STORE_KEYWORDS_MAX;
    while (n && !k->name[n - 1])
        n--;
    for (size_t i = 0; i < n; i++) {
        buf_add(b, str_from(k->name[i]));
        buf_addc(b, 0);
    }
}

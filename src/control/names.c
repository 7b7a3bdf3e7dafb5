/* SPDX-License-Identifier: ISC */
#include "control/names.h"

bool line_next(str *text, str *ret_line)
{
    if (text->n == 0)
        return false;
    str head, tail;
    str_cut(*text, '\n', &head, &tail);
    *text = tail;
    *ret_line = head;
    return true;
}

str line_trim(str line)
{
    while (line.n &&
           (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t' || line.p[line.n - 1] == '\n'))
        line.n--;
    return line;
}

str line_first(str text)
{
    str line = {0};
    line_next(&text, &line);
    return line_trim(line);
}

static size_t name_hash(str key)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)char_lower(key.p[i])) * 16777619u;
    return h ^ (h >> 15);
}

static size_t count_lines(str text)
{
    size_t n = text.n != 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

static void index_entry(const struct names *n, uint32_t *slots, size_t i)
{
    size_t at = name_hash(n->at[i].key) & n->mask;
    while (slots[at] && !str_ieq(n->at[slots[at] - 1].key, n->at[i].key))
        at = (at + 1) & n->mask;
    slots[at] = (uint32_t)i + 1;
}

struct names names_parse(str text, bool map, struct arena *a)
{
    size_t most = count_lines(text);
    struct names n = {.present = true};
    if (most == 0)
        return n;
    struct name_entry *at = NEW_N(a, struct name_entry, most);
    str line;
    for (size_t number = 1; line_next(&text, &line); number++) {
        line = line_trim(line);
        /* A NUL ends a line in qmail's tables; what stood behind it never mattered. */
        ptrdiff_t nul = str_find(line, '\0');
        if (nul >= 0)
            line = str_slice(line, 0, (size_t)nul);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        struct name_entry e = {.key = line, .line = number};
        if (map && !str_cut(line, ':', &e.key, &e.value))
            continue;
        at[n.n++] = e;
    }
    n.at = at;
    if (n.n == 0)
        return n;
    size_t size = 4;
    while (size < n.n * 2)
        size *= 2;
    n.mask = size - 1;
    uint32_t *slots = NEW_N(a, uint32_t, size);
    for (size_t i = 0; i < n.n; i++)
        index_entry(&n, slots, i);
    n.slots = slots;
    return n;
}

const struct name_entry *names_find(const struct names *n, str key)
{
    if (n->n == 0)
        return NULL;
    size_t at = name_hash(key) & n->mask;
    for (; n->slots[at]; at = (at + 1) & n->mask)
        if (str_ieq(n->at[n->slots[at] - 1].key, key))
            return &n->at[n->slots[at] - 1];
    return NULL;
}

bool names_has(const struct names *n, str key)
{
    return names_find(n, key) != NULL;
}

const struct name_entry *names_find_host(const struct names *n, str host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (i != 0 && host.p[i] != '.')
            continue;
        const struct name_entry *e = names_find(n, str_from_at(host, i));
        if (e)
            return e;
    }
    return NULL;
}

/* SPDX-License-Identifier: ISC */
#include "store/maildir_name.h"

#include <string.h>

#include "store/session.h"

enum { HOST_MAX = 64, NAME_MAX_BYTES = 255, SCRATCH = 16 };

static const struct {
    char letter;
    uint32_t flag;
} letters[] = {
    {'D', STORE_DRAFT},
    {'F', STORE_FLAGGED},
    {'P', 0}, /* passed: not IMAP's, but it sorts here */
    {'R', STORE_ANSWERED},
    {'S', STORE_SEEN},
    {'T', STORE_DELETED},
};

str maildir_base(str name)
{
    ptrdiff_t colon = str_find(name, ':');
    return colon < 0 ? name : str_slice(name, 0, (size_t)colon);
}

static uint32_t flag_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return STORE_KEYWORD(c - 'a');
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].letter == c)
            return letters[i].flag;
    return 0;
}

/* ",S=123,W=130" anywhere after the first comma of the base; the last of a kind counts. */
static void read_sizes(struct maildir_name *n)
{
    str rest = n->base, field;
    (void)str_cut(rest, ',', &field, &rest); /* the part before the first comma is no field */
    while (rest.n) {
        (void)str_cut(rest, ',', &field, &rest); /* the last field has no comma after it */
        uint64_t v;
        if (str_skip(&field, S("S=")) && str_u64(field, &v)) {
            n->has_size = true;
            n->size = v;
        } else if (str_skip(&field, S("W=")) && str_u64(field, &v)) {
            n->has_wire_size = true;
            n->wire_size = v;
        }
    }
}

/* Of what stands behind the base: the letters; *ret_tail: what another program put after them. */
static bool cut_letters(str name, size_t base_n, str *ret_letters, str *ret_tail)
{
    str info = str_from_at(name, base_n);
    if (!str_skip(&info, S(":2,")))
        return false;
    ptrdiff_t comma = str_find(info, ',');
    size_t n = comma < 0 ? info.n : (size_t)comma;
    *ret_tail = str_from_at(info, n);
    *ret_letters = str_slice(info, 0, n);
    return true;
}

uint32_t maildir_name_flags(str name)
{
    str given, tail;
    uint32_t flags = 0;
    if (!cut_letters(name, maildir_base(name).n, &given, &tail))
        return 0;
    for (size_t i = 0; i < given.n; i++)
        flags |= flag_of(given.p[i]);
    return flags;
}

struct maildir_name maildir_name_parse(str name, char scratch[16])
{
    struct maildir_name n = {.base = maildir_base(name)};
    read_sizes(&n);
    str info;
    if (!cut_letters(name, n.base.n, &info, &n.tail))
        return n;
    size_t kept = 0;
    for (size_t i = 0; i < info.n; i++) {
        uint32_t flag = flag_of(info.p[i]);
        n.flags |= flag;
        if (!flag && kept < SCRATCH && !memchr(scratch, info.p[i], kept))
            scratch[kept++] = info.p[i];
    }
    n.other = str_of(scratch, kept);
    return n;
}

void maildir_name_write(struct buf *b, const struct maildir_name *old, uint32_t flags)
{
    bool has[256] = {0};
    for (size_t i = 0; i < old->other.n; i++)
        has[(unsigned char)old->other.p[i]] = true;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (flags & letters[i].flag)
            has[(unsigned char)letters[i].letter] = true;
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++)
        if (flags & STORE_KEYWORD(i))
            has['a' + i] = true;
    buf_add(b, old->base);
    buf_add(b, S(":2,"));
    for (int c = 1; c < 256; c++) /* ASCII order: capitals, then keywords */
        if (has[c])
            buf_addc(b, (char)c);
    buf_add(b, old->tail);
}

void maildir_sizes_write(struct buf *b, uint64_t size, uint64_t wire_size)
{
    buf_addf(b, ",S=%llu,W=%llu", (unsigned long long)size, (unsigned long long)wire_size);
}

void maildir_host_write(struct buf *b, str host)
{
    if (!host.n)
        host = S("localhost");
    host = str_slice(host, 0, HOST_MAX);
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == '/')
            buf_add(b, S("\\057"));
        else if (host.p[i] == ':')
            buf_add(b, S("\\072"));
        else if (host.p[i] == ',')
            buf_add(b, S("\\054")); /* would look like a field of ours */
        else if ((unsigned char)host.p[i] > ' ')
            buf_addc(b, host.p[i]);
    }
}

int maildir_base_cmp(str a, str b)
{
    uint64_t x = 0, y = 0;
    str ra = a, rb = b;
    (void)str_take_u64(&ra, &x); /* no number sorts as 0 */
    (void)str_take_u64(&rb, &y);
    if (x != y)
        return x < y ? -1 : 1;
    return str_cmp(a, b);
}

bool maildir_name_is_message(str name)
{
    return name.n && name.n <= NAME_MAX_BYTES && name.p[0] != '.' && maildir_base(name).n &&
           str_find(name, '\n') < 0 && str_find(name, '\r') < 0;
}

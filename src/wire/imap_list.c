/* SPDX-License-Identifier: ISC */
#include "wire/imap_list.h"

#include "wire/imap_command.h"

enum { PATTERN_MAX = 2 * IMAP_MAILBOX_MAX };

static bool same_char(char p, char c, bool fold)
{
    return fold ? char_upper(p) == char_upper(c) : p == c;
}

static bool is_wildcard(char c)
{
    return c == '*' || c == '%';
}

/* at[i]: the name so far matches the first i octets of the pattern. One step per octet of the
 * name over all i: no backtracking, so no pattern is worse than another. */
bool imap_list_match(str pattern, str name, char separator)
{
    if (pattern.n > PATTERN_MAX)
        return false;
    size_t inbox = 0; /* leading octets compared in any case */
    if (str_istarts(name, S("INBOX")) && (name.n == 5 || name.p[5] == separator))
        inbox = 5;
    bool at[PATTERN_MAX + 1] = {true};
    for (size_t i = 0; i < pattern.n; i++)
        at[i + 1] = at[i] && is_wildcard(pattern.p[i]);
    for (size_t n = 0; n < name.n; n++) {
        char c = name.p[n];
        bool before = false; /* at[i - 1] as it was before this octet */
        for (size_t i = 0; i <= pattern.n; i++) {
            bool was = at[i];
            char here = i < pattern.n ? pattern.p[i] : '\0';
            char last = i > 0 ? pattern.p[i - 1] : '\0';
            bool stays = was && i < pattern.n && (here == '*' || (here == '%' && c != separator));
            bool moves = before && !is_wildcard(last) && same_char(last, c, n < inbox);
            bool skips = i > 0 && at[i - 1] && is_wildcard(last);
            at[i] = stays || moves || skips;
            before = was;
        }
    }
    return at[pattern.n];
}

str imap_list_pattern(struct arena *a, str reference, str mailbox)
{
    if (reference.n == 0)
        return mailbox;
    return arena_printf(a, "%.*s%.*s", STR_ARG(reference), STR_ARG(mailbox));
}

bool imap_list_wants_parents(str pattern)
{
    return str_ends(pattern, S("%"));
}

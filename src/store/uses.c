/* SPDX-License-Identifier: ISC */
#include "store/uses.h"

static const struct {
    str word;
    unsigned use;
} words[] = {
    {S("\\Archive"), STORE_USE_ARCHIVE}, {S("\\Drafts"), STORE_USE_DRAFTS},
    {S("\\Junk"), STORE_USE_JUNK},       {S("\\Sent"), STORE_USE_SENT},
    {S("\\Trash"), STORE_USE_TRASH},
};

/* What mail programs have called them, the plainest first. */
static const struct {
    unsigned use;
    size_t n;
    str names[5];
} known[] = {
    {STORE_USE_ARCHIVE, 2, {S("Archive"), S("Archives")}},
    {STORE_USE_DRAFTS, 2, {S("Drafts"), S("Draft")}},
    {STORE_USE_JUNK, 4, {S("Junk"), S("Spam"), S("Junk E-mail"), S("Bulk Mail")}},
    {STORE_USE_SENT, 4, {S("Sent"), S("Sent Messages"), S("Sent Items"), S("Sent Mail")}},
    {STORE_USE_TRASH, 4, {S("Trash"), S("Deleted Messages"), S("Deleted Items"), S("Deleted")}},
};

unsigned uses_read(str text)
{
    unsigned uses = 0;
    str one;
    while (text.n > 0) {
        (void)str_cut(text, ' ', &one, &text);
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (str_ieq(one, words[i].word))
                uses |= words[i].use;
    }
    return uses;
}

const str *uses_names(unsigned use, size_t *ret_n)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].use == use) {
            *ret_n = known[i].n;
            return known[i].names;
        }
    *ret_n = 0;
    return NULL;
}

unsigned uses_of_name(str name)
{
    (void)str_iskip(&name, S("INBOX."));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        for (size_t k = 0; k < known[i].n; k++)
            if (str_ieq(name, known[i].names[k]))
                return known[i].use;
    return 0;
}

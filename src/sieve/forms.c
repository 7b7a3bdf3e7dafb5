/* SPDX-License-Identifier: ISC */
#include "sieve/forms.h"

#include "sieve/sieve.h"

static const char *const extensions[EXT_COUNT] = {
    [EXT_NONE] = "",
    [EXT_FILEINTO] = "fileinto",
    [EXT_REJECT] = "reject",
    [EXT_EREJECT] = "ereject",
    [EXT_ENVELOPE] = "envelope",
    [EXT_ENCODED_CHARACTER] = "encoded-character",
    [EXT_VACATION] = "vacation",
    [EXT_VACATION_SECONDS] = "vacation-seconds",
    [EXT_IMAP4FLAGS] = "imap4flags",
    [EXT_COPY] = "copy",
    [EXT_VARIABLES] = "variables",
    [EXT_RELATIONAL] = "relational",
    [EXT_SUBADDRESS] = "subaddress",
    [EXT_BODY] = "body",
    [EXT_DATE] = "date",
    [EXT_INDEX] = "index",
    [EXT_EDITHEADER] = "editheader",
    [EXT_MAILBOX] = "mailbox",
    [EXT_MBOXMETADATA] = "mboxmetadata",
    [EXT_SERVERMETADATA] = "servermetadata",
    [EXT_SPECIAL_USE] = "special-use",
    [EXT_INCLUDE] = "include",
    [EXT_DUPLICATE] = "duplicate",
    [EXT_REGEX] = "regex",
    [EXT_ENVIRONMENT] = "environment",
    [EXT_IHAVE] = "ihave",
    [EXT_ENOTIFY] = "enotify",
    [EXT_ASCII_NUMERIC] = "comparator-i;ascii-numeric",
    [EXT_UNICODE_CASEMAP] = "comparator-i;unicode-casemap",
    [EXT_OCTET] = "comparator-i;octet",
    [EXT_ASCII_CASEMAP] = "comparator-i;ascii-casemap",
};

const char *extension_name(enum extension e)
{
    return extensions[e];
}

enum extension extension_find(str name)
{
    for (enum extension e = EXT_NONE + 1; e < EXT_COUNT; e++)
        if (str_eq(name, str_from(extensions[e])))
            return e;
    return EXT_NONE;
}

bool sieve_extension_known(str name)
{
    return extension_find(name) != EXT_NONE;
}

/* In the table's order; the comparators that every implementation has are not told (RFC 5804 1.7
 * wants what `require` takes; they need none). */
const char *sieve_extensions(void)
{
    static char all[1024];
    struct buf b;
    if (all[0])
        return all;
    buf_init(&b, sizeof all - 1);
    for (enum extension e = EXT_NONE + 1; e < EXT_OCTET; e++)
        buf_addf(&b, "%s%s", e > 1 ? " " : "", extensions[e]);
    for (size_t i = 0; i < b.n; i++)
        all[i] = b.p[i];
    buf_done(&b);
    return all;
}

/* clang-format off */
static const struct tag match_tags[] = {
    {"is", SLOT_MATCH, 0, EXT_NONE, MATCH_IS},
    {"contains", SLOT_MATCH, 0, EXT_NONE, MATCH_CONTAINS},
    {"matches", SLOT_MATCH, 0, EXT_NONE, MATCH_MATCHES},
    {"regex", SLOT_MATCH, 0, EXT_REGEX, MATCH_REGEX},
    {"value", SLOT_MATCH, 'c', EXT_RELATIONAL, MATCH_VALUE},
    {"count", SLOT_MATCH, 'c', EXT_RELATIONAL, MATCH_COUNT},
    {"comparator", SLOT_COMPARATOR, 'c', EXT_NONE, 0},
    {0}};
static const struct tag part_tags[] = {
    {"all", SLOT_PART, 0, EXT_NONE, PART_ALL},
    {"localpart", SLOT_PART, 0, EXT_NONE, PART_LOCAL},
    {"domain", SLOT_PART, 0, EXT_NONE, PART_DOMAIN},
    {"user", SLOT_PART, 0, EXT_SUBADDRESS, PART_USER},
    {"detail", SLOT_PART, 0, EXT_SUBADDRESS, PART_DETAIL},
    {0}};
static const struct tag index_tags[] = {
    {"index", SLOT_INDEX, 'n', EXT_INDEX, 0},
    {"last", SLOT_LAST, 0, EXT_INDEX, 0},
    {0}};
static const struct tag none[] = {{0}};
static const struct tag keep_tags[] = {
    {"flags", SLOT_FLAGS, 'L', EXT_IMAP4FLAGS, 0}, {0}};
static const struct tag fileinto_tags[] = {
    {"copy", SLOT_COPY, 0, EXT_COPY, 0},
    {"create", SLOT_CREATE, 0, EXT_MAILBOX, 0},
    {"flags", SLOT_FLAGS, 'L', EXT_IMAP4FLAGS, 0},
    {"specialuse", SLOT_SPECIALUSE, 's', EXT_SPECIAL_USE, 0},
    {0}};
static const struct tag redirect_tags[] = {{"copy", SLOT_COPY, 0, EXT_COPY, 0}, {0}};
static const struct tag vacation_tags[] = {
    {"days", SLOT_PERIOD, 'n', EXT_NONE, 0},
    {"seconds", SLOT_PERIOD, 'n', EXT_VACATION_SECONDS, 1},
    {"subject", SLOT_SUBJECT, 's', EXT_NONE, 0},
    {"from", SLOT_FROM, 's', EXT_NONE, 0},
    {"addresses", SLOT_ADDRESSES, 'L', EXT_NONE, 0},
    {"mime", SLOT_MIME, 0, EXT_NONE, 0},
    {"handle", SLOT_HANDLE, 's', EXT_NONE, 0},
    {0}};
static const struct tag include_tags[] = {
    {"personal", SLOT_LOCATION, 0, EXT_NONE, SIEVE_PERSONAL},
    {"global", SLOT_LOCATION, 0, EXT_NONE, SIEVE_GLOBAL},
    {"once", SLOT_ONCE, 0, EXT_NONE, 0},
    {"optional", SLOT_OPTIONAL, 0, EXT_NONE, 0},
    {0}};
static const struct tag set_tags[] = {
    {"lower", SLOT_CASE, 0, EXT_NONE, 0},
    {"upper", SLOT_CASE, 0, EXT_NONE, 1},
    {"lowerfirst", SLOT_FIRST, 0, EXT_NONE, 0},
    {"upperfirst", SLOT_FIRST, 0, EXT_NONE, 1},
    {"quotewildcard", SLOT_QUOTE, 0, EXT_NONE, 0},
    {"quoteregex", SLOT_QUOTE, 0, EXT_REGEX, 1},
    {"encodeurl", SLOT_URL, 0, EXT_ENOTIFY, 0},
    {"length", SLOT_LENGTH, 0, EXT_NONE, 0},
    {0}};
static const struct tag size_tags[] = {
    {"over", SLOT_SIZE, 'n', EXT_NONE, 0}, {"under", SLOT_SIZE, 'n', EXT_NONE, 1}, {0}};
static const struct tag body_tags[] = {
    {"raw", SLOT_TRANSFORM, 0, EXT_NONE, 0},
    {"content", SLOT_TRANSFORM, 'L', EXT_NONE, 1},
    {"text", SLOT_TRANSFORM, 0, EXT_NONE, 2},
    {0}};
static const struct tag date_tags[] = {
    {"zone", SLOT_ZONE, 's', EXT_NONE, 0},
    {"originalzone", SLOT_ZONE, 0, EXT_NONE, 1},
    {0}};
static const struct tag currentdate_tags[] = {{"zone", SLOT_ZONE, 's', EXT_NONE, 0}, {0}};
static const struct tag duplicate_tags[] = {
    {"handle", SLOT_HANDLE, 's', EXT_NONE, 0},
    {"header", SLOT_UNIQUE, 's', EXT_NONE, 0},
    {"uniqueid", SLOT_UNIQUE, 's', EXT_NONE, 1},
    {"seconds", SLOT_SECONDS, 'n', EXT_NONE, 0},
    {"last", SLOT_LAST, 0, EXT_NONE, 0},
    {0}};
static const struct tag addheader_tags[] = {{"last", SLOT_LAST, 0, EXT_NONE, 0}, {0}};
static const struct tag deleteheader_tags[] = {
    {"index", SLOT_INDEX, 'n', EXT_NONE, 0}, {"last", SLOT_LAST, 0, EXT_NONE, 0}, {0}};
static const struct tag notify_tags[] = {
    {"from", SLOT_FROM, 's', EXT_NONE, 0},
    {"importance", SLOT_IMPORTANCE, 's', EXT_NONE, 0},
    {"options", SLOT_OPTIONS, 'L', EXT_NONE, 0},
    {"message", SLOT_MESSAGE, 's', EXT_NONE, 0},
    {0}};

#define CONTROL FORM_CONTROL
#define ACTION FORM_ACTION
#define TEST FORM_TEST
static const struct form forms[] = {
    {"require", OP_REQUIRE, CONTROL, EXT_NONE, none, 0, 0, 0, "L"},
    {"if", OP_IF, CONTROL, EXT_NONE, none, 0, 0, 0, "TB"},
    {"elsif", OP_ELSIF, CONTROL, EXT_NONE, none, 0, 0, 0, "TB"},
    {"else", OP_ELSE, CONTROL, EXT_NONE, none, 0, 0, 0, "B"},
    {"stop", OP_STOP, CONTROL, EXT_NONE, none, 0, 0, 0, ""},
    {"include", OP_INCLUDE, CONTROL, EXT_INCLUDE, include_tags, 0, 0, 0, "s"},
    {"return", OP_RETURN, CONTROL, EXT_INCLUDE, none, 0, 0, 0, ""},
    {"global", OP_GLOBAL, CONTROL, EXT_INCLUDE, none, 0, 0, 0, "L"},
    {"set", OP_SET, CONTROL, EXT_VARIABLES, set_tags, 0, 0, 0, "ss"},
    {"error", OP_ERROR, CONTROL, EXT_IHAVE, none, 0, 0, 0, "s"},
    {"keep", OP_KEEP, ACTION, EXT_NONE, keep_tags, 0, 0, 0, ""},
    {"discard", OP_DISCARD, ACTION, EXT_NONE, none, 0, 0, 0, ""},
    {"fileinto", OP_FILEINTO, ACTION, EXT_FILEINTO, fileinto_tags, 0, 0, 0, "s"},
    {"redirect", OP_REDIRECT, ACTION, EXT_NONE, redirect_tags, 0, 0, 0, "s"},
    {"reject", OP_REJECT, ACTION, EXT_REJECT, none, 0, 0, 0, "s"},
    {"ereject", OP_EREJECT, ACTION, EXT_EREJECT, none, 0, 0, 0, "s"},
    {"vacation", OP_VACATION, ACTION, EXT_VACATION, vacation_tags, 0, 0, 0, "s"},
    {"setflag", OP_SETFLAG, ACTION, EXT_IMAP4FLAGS, none, 0, 0, 0, "?sL"},
    {"addflag", OP_ADDFLAG, ACTION, EXT_IMAP4FLAGS, none, 0, 0, 0, "?sL"},
    {"removeflag", OP_REMOVEFLAG, ACTION, EXT_IMAP4FLAGS, none, 0, 0, 0, "?sL"},
    {"addheader", OP_ADDHEADER, ACTION, EXT_EDITHEADER, addheader_tags, 0, 0, 0, "ss"},
    {"deleteheader", OP_DELETEHEADER, ACTION, EXT_EDITHEADER, deleteheader_tags, 1, 0, 0, "s?L"},
    {"notify", OP_NOTIFY, ACTION, EXT_ENOTIFY, notify_tags, 0, 0, 0, "s"},
    {"address", OP_ADDRESS, TEST, EXT_NONE, none, 1, 1, 1, "LL"},
    {"allof", OP_ALLOF, TEST, EXT_NONE, none, 0, 0, 0, "A"},
    {"anyof", OP_ANYOF, TEST, EXT_NONE, none, 0, 0, 0, "A"},
    {"body", OP_BODY, TEST, EXT_BODY, body_tags, 1, 0, 0, "L"},
    {"currentdate", OP_CURRENTDATE, TEST, EXT_DATE, currentdate_tags, 1, 0, 0, "sL"},
    {"date", OP_DATE, TEST, EXT_DATE, date_tags, 1, 0, 1, "ssL"},
    {"duplicate", OP_DUPLICATE, TEST, EXT_DUPLICATE, duplicate_tags, 0, 0, 0, ""},
    {"envelope", OP_ENVELOPE, TEST, EXT_ENVELOPE, none, 1, 1, 0, "LL"},
    {"environment", OP_ENVIRONMENT, TEST, EXT_ENVIRONMENT, none, 1, 0, 0, "sL"},
    {"exists", OP_EXISTS, TEST, EXT_NONE, none, 0, 0, 0, "L"},
    {"false", OP_FALSE, TEST, EXT_NONE, none, 0, 0, 0, ""},
    {"hasflag", OP_HASFLAG, TEST, EXT_IMAP4FLAGS, none, 1, 0, 0, "?LL"},
    {"header", OP_HEADER, TEST, EXT_NONE, none, 1, 0, 1, "LL"},
    {"ihave", OP_IHAVE, TEST, EXT_IHAVE, none, 0, 0, 0, "L"},
    {"mailboxexists", OP_MAILBOXEXISTS, TEST, EXT_MAILBOX, none, 0, 0, 0, "L"},
    {"metadata", OP_METADATA, TEST, EXT_MBOXMETADATA, none, 1, 0, 0, "ssL"},
    {"metadataexists", OP_METADATAEXISTS, TEST, EXT_MBOXMETADATA, none, 0, 0, 0, "sL"},
    {"not", OP_NOT, TEST, EXT_NONE, none, 0, 0, 0, "T"},
    {"notify_method_capability", OP_NOTIFY_CAPABILITY, TEST, EXT_ENOTIFY, none, 1, 0, 0, "ssL"},
    {"servermetadata", OP_SERVERMETADATA, TEST, EXT_SERVERMETADATA, none, 1, 0, 0, "sL"},
    {"servermetadataexists", OP_SERVERMETADATAEXISTS, TEST, EXT_SERVERMETADATA, none, 0, 0, 0, "L"},
    {"size", OP_SIZE, TEST, EXT_NONE, size_tags, 0, 0, 0, ""},
    {"specialuse_exists", OP_SPECIALUSE_EXISTS, TEST, EXT_SPECIAL_USE, none, 0, 0, 0, "?sL"},
    {"string", OP_STRING, TEST, EXT_VARIABLES, none, 1, 0, 0, "LL"},
    {"true", OP_TRUE, TEST, EXT_NONE, none, 0, 0, 0, ""},
    {"valid_notify_method", OP_VALID_NOTIFY, TEST, EXT_ENOTIFY, none, 0, 0, 0, "L"},
};
/* clang-format on */

const struct form *form_find(str name)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (str_eq(name, str_from(forms[i].name)))
            return &forms[i];
    return NULL;
}

static const struct tag *find(const struct tag *t, str name)
{
    for (; t->name; t++)
        if (str_eq(name, str_from(t->name)))
            return t;
    return NULL;
}

const struct tag *form_tag(const struct form *f, str name)
{
    const struct tag *t = find(f->tags, name);
    if (!t && f->match)
        t = find(match_tags, name);
    if (!t && f->part)
        t = find(part_tags, name);
    if (!t && f->index)
        t = find(index_tags, name);
    return t;
}

/* SPDX-License-Identifier: ISC */
#include "wire/envelope.h"

#include "wire/header.h"

enum { FROM, SENDER, REPLY_TO, TO, CC, BCC, LISTS };
enum { DATE, SUBJECT, IN_REPLY_TO, MESSAGE_ID, VALUES };

static const str list_names[LISTS] = {
    [FROM] = S("From"), [SENDER] = S("Sender"), [REPLY_TO] = S("Reply-To"),
    [TO] = S("To"),     [CC] = S("Cc"),         [BCC] = S("Bcc"),
};
static const str value_names[VALUES] = {
    [DATE] = S("Date"),
    [SUBJECT] = S("Subject"),
    [IN_REPLY_TO] = S("In-Reply-To"),
    [MESSAGE_ID] = S("Message-ID"),
};

static int index_of(str name, const str *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (str_ieq(name, names[i]))
            return i;
    }
    return -1;
}

/* Several fields of one name are one list (RFC 5322 4.5 met in the wild). */
static str all_values(struct arena *a, str header, str name)
{
    auto_buf struct buf b;
    buf_init(&b, ENVELOPE_ADDRESSES_MAX);
    for (struct header_field f; header_find_next(&header, name, &f);) {
        buf_add(&b, f.value);
        buf_add(&b, S(",\n "));
    }
    return arena_copy(a, buf_str(&b));
}

/* A subject is shown on one line: runs of blanks, line ends and bare CRs as one blank. */
static str one_line(struct arena *a, str value)
{
    value = str_trim(str_slice(value, 0, ENVELOPE_VALUE_MAX));
    char *to = arena_alloc(a, value.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool blank = char_is_space(c) || c == '\r' || c == '\n';
        if (!blank)
            to[n++] = c;
        else if (n > 0 && to[n - 1] != ' ')
            to[n++] = ' ';
    }
    return str_of(to, n);
}

struct envelope envelope_read(struct arena *a, str header)
{
    str lists[LISTS] = {0}, values[VALUES] = {0};
    bool repeated[LISTS] = {0};
    str rest = header, subject = {0};
    for (struct header_field f; header_next(&rest, &f);) {
        int i = index_of(f.name, value_names, VALUES);
        if (i == SUBJECT)
            subject = f.value;
        else if (i >= 0) /* of several the last counts */
            values[i] = header_unfold(a, str_slice(f.value, 0, ENVELOPE_VALUE_MAX));
        i = index_of(f.name, list_names, LISTS);
        if (i < 0)
            continue;
        repeated[i] = lists[i].p != NULL;
        if (!lists[i].p)
            lists[i] = str_slice(f.value, 0, ENVELOPE_ADDRESSES_MAX);
    }
    struct addrlist parsed[LISTS] = {0};
    for (int i = 0; i < LISTS; i++) {
        str text = repeated[i] ? all_values(a, header, list_names[i]) : lists[i];
        if (lists[i].p)
            parsed[i] = addrlist_parse(a, text, 0);
    }
    return (struct envelope){
        .date = values[DATE],
        .subject = subject.p ? one_line(a, subject) : subject,
        .in_reply_to = values[IN_REPLY_TO],
        .message_id = values[MESSAGE_ID],
        .from = parsed[FROM],
        .sender = parsed[SENDER].n ? parsed[SENDER] : parsed[FROM],
        .reply_to = parsed[REPLY_TO].n ? parsed[REPLY_TO] : parsed[FROM],
        .to = parsed[TO],
        .cc = parsed[CC],
        .bcc = parsed[BCC],
    };
}

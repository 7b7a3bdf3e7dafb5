/* SPDX-License-Identifier: ISC */
#include "sieve/reply.h"

#include "sieve/values.h"
#include "wire/address.h"
#include "wire/addrlist.h"
#include "wire/charset.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/header.h"
#include "wire/words.h"

enum { REFERENCES_MAX = 4000, SUBJECT_MAX = 900, FIELD_MAX = 64 * 1024 };

const char *sieve_silence_text(enum sieve_silence s)
{
    static const char *const texts[] = {
        [SIEVE_MAY_ANSWER] = "it is answered",
        [SIEVE_NO_SENDER] = "it has no sender",
        [SIEVE_OWN_SENDER] = "the user sent it himself",
        [SIEVE_ROBOT_SENDER] = "a program sent it",
        [SIEVE_AUTOMATIC] = "it is automatic, or from a list",
        [SIEVE_NOT_NAMED] = "it was not written to the user by name",
    };
    return texts[s];
}

/* ---- when to be silent ---- */

static str first_word(str value) /* of Auto-Submitted, Precedence: up to a parameter or comment */
{
    value = str_trim(value);
    size_t n = 0;
    while (n < value.n && (char_is_alpha(value.p[n]) || value.p[n] == '-'))
        n++;
    return str_slice(value, 0, n);
}

bool sieve_is_automatic(str header)
{
    static const char *const bulk[] = {"bulk", "junk", "list"};
    struct header_field f;
    for (str rest = header; header_next(&rest, &f);) {
        str word = first_word(f.value);
        if (str_istarts(f.name, S("List-")) || str_ieq(f.name, S("Mailing-List")) ||
            str_ieq(f.name, S("X-Auto-Response-Suppress")))
            return true;
        if (str_ieq(f.name, S("Auto-Submitted")) && !str_ieq(word, S("no")))
            return true;
        if (str_ieq(f.name, S("Precedence")))
            for (size_t i = 0; i < 3; i++)
                if (str_ieq(word, str_from(bulk[i])))
                    return true;
    }
    return false;
}

static bool is_robot(str sender)
{
    static const char *const whole[] = {"mailer-daemon", "listserv", "majordomo", "owner",
                                        "request",       "noreply",  "no-reply",  "postmaster"};
    str local = address_split(sender).local;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (str_ieq(local, str_from(whole[i])))
            return true;
    return str_istarts(local, S("owner-")) || str_iends(local, S("-request")) ||
           str_iends(local, S("-owner")) || str_find_str(local, S("-return-")) >= 0;
}

static bool is_one_of(str address, const str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(address, list[i]))
            return true;
    return false;
}

static bool is_own(str address, const struct sieve_vacation *v, const str *own, size_t n)
{
    return is_one_of(address, own, n) || is_one_of(address, v->addresses, v->n_addresses);
}

/* RFC 5230 4.5: To, Cc, Bcc, Resent-To, Resent-Cc, Resent-Bcc. */
static str named_in(str header, const struct sieve_vacation *v, const str *own, size_t n,
                    struct arena *a)
{
    static const char *const fields[] = {"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct header_field f;
        size_t seen = 0;
        for (str rest = header; seen++ < 16 && header_find_next(&rest, str_from(fields[i]), &f);) {
            struct addrlist l = addrlist_parse(a, str_slice(f.value, 0, FIELD_MAX), 0);
            for (size_t k = 0; k < l.n; k++) {
                if (l.at[k].kind != ADDR_MAILBOX || !l.at[k].host.n)
                    continue;
                struct address parts = {l.at[k].mailbox, l.at[k].host};
                str address = address_join(a, &parts);
                if (is_own(address, v, own, n))
                    return address;
            }
        }
    }
    return S("");
}

enum sieve_silence sieve_vacation_silence(const struct sieve_vacation *v,
                                          const struct sieve_message *m, const str *own, size_t n,
                                          struct arena *a, str *ret_named)
{
    str header = header_split(m->text, 0).header;
    if (!m->from.n)
        return SIEVE_NO_SENDER;
    if (is_own(m->from, v, own, n))
        return SIEVE_OWN_SENDER;
    if (is_robot(m->from))
        return SIEVE_ROBOT_SENDER;
    if (sieve_is_automatic(header))
        return SIEVE_AUTOMATIC;
    *ret_named = named_in(header, v, own, n, a);
    return ret_named->n ? SIEVE_MAY_ANSWER : SIEVE_NOT_NAMED;
}

/* ---- writing ---- */

/* A script's text on one line: its own line ends would begin other fields. */
static void add_line(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, (unsigned char)s.p[i] < 0x20 ? ' ' : s.p[i]);
}

static void write_subject(struct buf *b, str prefix, str subject)
{
    auto_buf struct buf line;
    buf_init(&line, SUBJECT_MAX * 4 + 64);
    add_line(&line, prefix);
    add_line(&line, str_slice(subject, 0, SUBJECT_MAX));
    buf_add(b, S("Subject: "));
    words_encode(b, buf_str(&line), 9, S("\n"));
    buf_addc(b, '\n');
}

/* "Name <address>" or an address; what is neither falls back. */
static void write_from(struct buf *b, str from, str fallback)
{
    auto_arena struct arena *a = arena_new("from", 1 << 20);
    struct addrlist l = addrlist_parse(a, str_slice(from, 0, 1000), 0);
    buf_add(b, S("From: "));
    if (l.n == 1 && l.at[0].kind == ADDR_MAILBOX && l.at[0].host.n) {
        struct address parts = {l.at[0].mailbox, l.at[0].host};
        if (l.at[0].name.n) {
            words_encode(b, l.at[0].name, 6, S("\n"));
            buf_add(b, S(" <"));
        }
        address_write(b, &parts);
        buf_add(b, l.at[0].name.n ? S(">") : S(""));
    } else {
        address_write_str(b, fallback);
    }
    buf_addc(b, '\n');
}

static void write_top(struct buf *b, const struct sieve_letter *l, str from)
{
    buf_add(b, S("Date: "));
    date_write_rfc5322(b, l->epoch, l->zone_minutes);
    buf_add(b, S("\nMessage-ID: "));
    buf_add(b, l->message_id);
    buf_addc(b, '\n');
    write_from(b, from.n ? from : l->from, l->from);
    buf_add(b, S("To: "));
    add_line(b, l->to);
    buf_addc(b, '\n');
}

static void write_text(struct buf *b, str text)
{
    struct qp_encoder qp = {0};
    buf_add(b, S("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: quoted-printable\n\n"));
    qp_encode_feed(&qp, b, text, QP_TEXT, S("\n"));
    qp_encode_end(&qp, b, S("\n"));
    if (b->n && b->p[b->n - 1] != '\n')
        buf_addc(b, '\n');
}

/* :mime: the script's text is a MIME entity; of its header only what describes it. */
static void write_entity(struct buf *b, str entity)
{
    struct header_split s = header_split(entity, HEADER_STOP_AT_JUNK);
    struct header_field f;
    buf_add(b, S("MIME-Version: 1.0\n"));
    for (str rest = s.header; header_next(&rest, &f);)
        if (str_istarts(f.name, S("Content-"))) {
            buf_add(b, f.raw);
            if (!str_ends(f.raw, S("\n")))
                buf_addc(b, '\n');
        }
    buf_addc(b, '\n');
    buf_add(b, s.body);
    if (!str_ends(s.body, S("\n")))
        buf_addc(b, '\n');
}

/* RFC 5322 3.6.4: only what looks like message ids goes on. */
static void write_ids(struct buf *b, str value)
{
    while (value.n) {
        ptrdiff_t open = str_find(value, '<');
        if (open < 0)
            return;
        value = str_from_at(value, (size_t)open);
        ptrdiff_t close = str_find(value, '>');
        if (close < 0)
            return;
        str id = str_slice(value, 0, (size_t)close + 1);
        bool fine = id.n > 3 && id.n < 500;
        for (size_t i = 0; i < id.n; i++)
            fine &= (unsigned char)id.p[i] > 0x20 && (unsigned char)id.p[i] < 0x7f;
        if (fine) {
            buf_add(b, S(" "));
            buf_add(b, id);
            buf_add(b, S("\n"));
        }
        value = str_from_at(value, (size_t)close + 1);
    }
}

/* In-Reply-To and References of the answer (RFC 5230 5.6); each id on a line of its own. */
static void write_thread(struct buf *b, str header)
{
    auto_buf struct buf ids;
    struct header_field id, before;
    if (!header_find(header, S("Message-ID"), &id))
        return;
    buf_init(&ids, FIELD_MAX);
    write_ids(&ids, str_slice(id.value, 0, REFERENCES_MAX));
    if (!ids.n)
        return;
    buf_add(b, S("In-Reply-To:"));
    buf_add(b, buf_str(&ids));
    buf_add(b, S("References:"));
    if (header_find(header, S("References"), &before) ||
        header_find(header, S("In-Reply-To"), &before)) {
        size_t n = before.value.n; /* the last ones matter */
        write_ids(b, str_from_at(before.value, n > REFERENCES_MAX ? n - REFERENCES_MAX : 0));
    }
    buf_add(b, buf_str(&ids));
}

static void decoded_subject(struct buf *b, str header)
{
    struct header_field f;
    if (header_find(header, S("Subject"), &f))
        words_to_utf8(b, str_slice(f.value, 0, FIELD_MAX));
}

void sieve_vacation_write(struct buf *b, const struct sieve_vacation *v,
                          const struct sieve_message *m, const struct sieve_letter *l)
{
    auto_buf struct buf subject;
    str header = header_split(m->text, 0).header;
    buf_init(&subject, FIELD_MAX * 4);
    decoded_subject(&subject, header);
    write_top(b, l, v->from);
    if (v->subject.n)
        write_subject(b, S(""), v->subject);
    else
        write_subject(b, S("Auto: "), str_trim(buf_str(&subject)));
    write_thread(b, header);
    buf_add(b, S("Auto-Submitted: auto-replied (vacation)\nPrecedence: bulk\n"
                 "X-Auto-Response-Suppress: All\n"));
    if (v->mime)
        write_entity(b, v->reason);
    else
        write_text(b, v->reason);
}

void sieve_notify_write(struct buf *b, const struct sieve_action *n, const struct sieve_message *m,
                        const struct sieve_letter *l, str subject)
{
    auto_buf struct buf original;
    str header = header_split(m->text, 0).header;
    buf_init(&original, FIELD_MAX * 4);
    decoded_subject(&original, header);
    str what = n->text.n ? n->text : str_trim(buf_str(&original));
    write_top(b, l, n->from);
    write_subject(b, S(""), subject.n ? subject : what);
    if (str_eq(n->importance, S("1")) || str_eq(n->importance, S("3")))
        buf_addf(b, "Importance: %s\n", str_eq(n->importance, S("1")) ? "High" : "Low");
    buf_addf(b, "Auto-Submitted: auto-notified; owner-email=\"");
    add_line(b, m->to);
    buf_add(b, S("\"\n"));
    write_text(b, what);
}

void sieve_notice_write(struct buf *b, str problem_en, str problem_ja, const struct sieve_letter *l)
{
    auto_buf struct buf text;
    buf_init(&text, 16 * 1024);
    write_top(b, l, S(""));
    write_subject(b, S(""), S("Your mail filter has a problem / メールフィルタの誤り"));
    buf_add(b, S("Auto-Submitted: auto-generated\n"));
    buf_add(&text, S("Your Sieve script could not be carried out. Your mail is kept in the inbox\n"
                     "until it is mended. You are told once a day at most.\n\n"));
    buf_add(&text, problem_en);
    buf_add(&text,
            S("\n\nSieve スクリプトを実行できませんでした。直るまでメールは受信箱に入ります。\n"
              "この知らせは一日に一度までです。\n\n"));
    buf_add(&text, problem_ja);
    buf_addc(&text, '\n');
    write_text(b, buf_str(&text));
}

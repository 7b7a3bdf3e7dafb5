/* SPDX-License-Identifier: ISC */
#include "people/letter.h"

#include "wire/date.h"
#include "wire/encoding.h"

/* %: the login. */
static const struct words {
    const char *subject_ja, *subject_en;
    const char *applicant_ja, *applicant_en; /* NULL: no letter */
    const char *guarantor_ja, *guarantor_en;
    const char *applicant_link, *guarantor_link;
    const char *command; /* for the guarantor; %: the login */
} words[LETTER_KINDS] = {
    [LETTER_APPLIED] = {"利用申請", "Application",
                        "申請を受け付けました。保証人の承認をお待ちください。",
                        "Your application has arrived. It waits for your guarantor's decision.",
                        "あなたを保証人とする申請がありました。本人を確かめ、承認・拒否・保留のいず"
                        "れかを選んでください。",
                        "Somebody has applied and names you as guarantor. Make sure who it is, "
                        "then accept, reject or hold.",
                        "show", "decide", "gate-user-accept % accept|reject|hold"},
    [LETTER_ACCEPTED] =
        {"承認", "Accepted",
         "申請は承認されました。まもなく利用できます。申請時のパスワードで入れます。",
         "Your application was accepted. The account is about to be made; the first password is "
         "the one given at the application.",
         "申請は承認されました。", "The application was accepted.", "show", NULL, NULL},
    [LETTER_REJECTED] = {"拒否", "Rejected",
                         "申請は承認されませんでした。訳は保証人にお尋ねください。",
                         "Your application was not accepted. Please ask your guarantor why.",
                         "申請を拒否しました。", "The application was rejected.", NULL, NULL, NULL},
    [LETTER_HELD] = {"保留", "Held", "申請は保留されています。",
                     "Your application is being held for now.", NULL, NULL, NULL, NULL, NULL},
    [LETTER_HELD_LONG] =
        {"未決の申請", "An application waits", NULL, NULL,
         "次の申請がまだ決まっていません。承認・拒否・保留のいずれかを選んでください。",
         "This application still waits for your decision: accept, reject or hold.", NULL, "decide",
         "gate-user-accept % accept|reject|hold"},
    [LETTER_CHANGED] =
        {"登録変更", "Changed", "登録内容が変わりました。覚えがなければ管理者にお知らせください。",
         "Your registration was changed. If it was not you, tell the administrators.", NULL, NULL,
         "show", NULL, NULL},
    [LETTER_EXPIRING] =
        {"期限", "Ends soon",
         "登録の期限が近づいています。続けて使うときは保証人に更新を頼んでください。",
         "Your registration is about to end. To go on, ask your guarantor to renew it.",
         "登録の期限が近づいています。続けるときは更新してください。",
         "A registration that you vouch for is about to end. Renew it if it shall go on.", "show",
         "renew", "twinpost user renew %"},
    [LETTER_RENEWED] = {"更新", "Renewed", "登録が更新されました。",
                        "Your registration was renewed.", NULL, NULL, "show", NULL, NULL},
    [LETTER_RETIRED] = {"抹消", "Retired",
                        "登録は抹消されました。このログイン名は今後だれにも与えられません。",
                        "Your registration has ended. Nobody will be given this login name again.",
                        "登録は抹消されました。", "The registration has ended.", NULL, NULL, NULL},
};

bool letter_goes_to(enum letter_kind kind, bool guarantor, const struct card *card)
{
    if (guarantor)
        return words[kind].guarantor_en != NULL && !card_is(card, CARD_GUARANTOR, S("gate"));
    return words[kind].applicant_en != NULL && card->at[CARD_EMAIL].n > 0 &&
           !card_is(card, CARD_CLASS, S("group"));
}

const char *letter_link(enum letter_kind kind, bool to_guarantor)
{
    return to_guarantor ? words[kind].guarantor_link : words[kind].applicant_link;
}

static bool speaks(const struct card *c, const char *language)
{
    return c->at[CARD_LANGUAGE].n == 0 || card_is(c, CARD_LANGUAGE, str_from(language));
}

/* Words of at most 75 characters (RFC 2047 2): these subjects fit into one. */
static void subject(const struct letter *l, struct buf *out)
{
    auto_buf struct buf text;
    buf_init(&text, 256);
    const struct words *w = &words[l->kind];
    bool ja = speaks(l->card, "ja"), en = speaks(l->card, "en");
    buf_addf(out, "Subject: [gate] %.*s", STR_ARG(l->card->at[CARD_LOGIN]));
    if (en || !ja)
        buf_addf(out, ": %s", w->subject_en);
    if (ja) {
        buf_add(&text, str_from(w->subject_ja));
        buf_add(out, S("\n =?UTF-8?B?"));
        base64_encode(out, buf_str(&text));
        buf_add(out, S("?="));
    }
    buf_addc(out, '\n');
}

static void with_login(struct buf *b, const char *text, str login)
{
    for (; *text; text++) {
        if (*text == '%')
            buf_add(b, login);
        else
            buf_addc(b, *text);
    }
}

static void details(const struct letter *l, struct buf *b)
{
    static const enum card_key shown[] = {
        CARD_LOGIN,     CARD_CLASS,   CARD_NAME_JA, CARD_NAME_EN, CARD_AFFILIATION, CARD_CATEGORY,
        CARD_GUARANTOR, CARD_MEMBERS, CARD_IP,      CARD_IP6,     CARD_EXPIRES_AT,  CARD_REASON,
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (l->card->at[shown[i]].n)
            buf_addf(b, "  %-12s %.*s\n", card_key_name(shown[i]), STR_ARG(l->card->at[shown[i]]));
}

static void body(const struct letter *l, struct buf *b)
{
    const struct words *w = &words[l->kind];
    const char *ja = l->to_guarantor ? w->guarantor_ja : w->applicant_ja;
    const char *en = l->to_guarantor ? w->guarantor_en : w->applicant_en;
    if (ja && speaks(l->card, "ja"))
        buf_addf(b, "%s\n\n", ja);
    if (en && (speaks(l->card, "en") || !speaks(l->card, "ja")))
        buf_addf(b, "%s\n\n", en);
    details(l, b);
    if (l->url.n)
        buf_addf(b, "\n%.*s\n", STR_ARG(l->url));
    if (l->to_guarantor && w->command) {
        buf_add(b, S("\n  $ "));
        bool host = card_is(l->card, CARD_CLASS, S("host"));
        const char *command = w->command;
        if (host && str_starts(str_from(command), S("gate-user-accept")))
            command = "gate-ip-accept % accept|reject|hold";
        with_login(b, command, l->card->at[CARD_LOGIN]);
        buf_addc(b, '\n');
    }
}

void letter_write(const struct letter *l, struct buf *out)
{
    auto_buf struct buf text;
    buf_init(&text, LETTER_MAX / 2);
    body(l, &text);
    buf_add(out, S("Date: "));
    date_write_rfc5322(out, l->now, 0);
    buf_addf(out, "\nFrom: <%.*s>\nTo: <%.*s>\n", STR_ARG(l->from), STR_ARG(l->to));
    subject(l, out);
    buf_addf(out,
             "Message-ID: <%.*s@%.*s>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
             "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n",
             STR_ARG(l->id), STR_ARG(l->host));
    struct base64_encoder e = {0};
    base64_encode_feed(&e, out, buf_str(&text), S("\n"));
    base64_encode_end(&e, out, S("\n"));
}

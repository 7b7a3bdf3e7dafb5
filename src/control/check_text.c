/* SPDX-License-Identifier: ISC */
#include "control/check_private.h"

struct message_text {
    enum severity severity;
    const char *code;
    const char *en, *en_remedy;
    const char *ja, *ja_remedy;
};

/* clang-format off */
static const struct message_text texts[MSG_COUNT] = {
[MSG_UNREADABLE] = {SEVERITY_ERROR, "file.unreadable",
    "cannot be read: %1", "mend the file or its mode",
    "読めません: %1", "ファイルかその許可を直してください"},
[MSG_TOO_LARGE] = {SEVERITY_ERROR, "file.too_large",
    "is too large", "make it smaller, or use a .cdb",
    "大きすぎます", "小さくするか .cdb を使ってください"},
[MSG_MISSPELT_ABSENT] = {SEVERITY_ERROR, "control.misspelt",
    "nobody reads a file of this name; %1 is meant? That file does not exist", "mv %2 %1",
    "この名前のファイルはどこからも読まれません。%1 のつもりでは? %1 は存在しません", "mv %2 %1"},
[MSG_MISSPELT] = {SEVERITY_WARNING, "control.misspelt",
    "nobody reads a file of this name; it differs from %1 by one letter", "remove it, or move its lines to %1",
    "この名前のファイルはどこからも読まれません。%1 と一文字違いです", "消すか、中身を %1 に移してください"},
[MSG_BACKUP] = {SEVERITY_NOTE, "control.backup",
    "looks like a kept copy; nobody reads it", "keep it outside control/ when it is no longer needed",
    "控えのようです。どこからも読まれません", "要らなくなったら control/ の外へ移してください"},
[MSG_FOREIGN] = {SEVERITY_WARNING, "control.foreign",
    "belongs to a qmail patch; it has no effect here", "see whether one of our settings does its work, then remove it",
    "qmail のパッチのファイルです。ここでは効きません", "同じ働きの設定があるか調べ、消してください"},
[MSG_UNKNOWN] = {SEVERITY_WARNING, "control.unknown",
    "nobody reads a file of this name", "remove it, or see `twinpost show` for the names there are",
    "この名前のファイルはどこからも読まれません", "消すか、`twinpost show` で名前を確かめてください"},
[MSG_CR] = {SEVERITY_ERROR, "text.cr",
    "the line ends in CR LF; the CR counts as part of the value", "save it with Unix line ends: sed -i 's/\\r$//' FILE",
    "行末が CR LF です。CR も値の一部になります", "改行を LF にしてください: sed -i 's/\\r$//' FILE"},
[MSG_TYPOGRAPHIC] = {SEVERITY_ERROR, "text.typographic",
    "a typographic or full-width sign (%1) stands where programs want ASCII", "type ' or \" or the ASCII sign",
    "ASCII の記号のところに全角や飾りの記号 (%1) があります", "' や \" など半角の記号に直してください"},
[MSG_AT_WORD] = {SEVERITY_ERROR, "text.at_word",
    "%1 is no address: _at_ stands for @", "write @",
    "%1 は宛先になりません。_at_ は @ の代わりに書かれたものです", "@ と書いてください"},
[MSG_CONTROL_CHAR] = {SEVERITY_ERROR, "text.control",
    "the line has a control character", "remove it",
    "制御文字が入っています", "取り除いてください"},
[MSG_LEADING_SPACE] = {SEVERITY_ERROR, "text.leading_space",
    "the line begins with a space, which counts as part of the name", "remove the space",
    "行頭に空白があり、名前の一部とみなされます", "空白を取ってください"},
[MSG_NOT_A_NUMBER] = {SEVERITY_ERROR, "value.no_number",
    "\"%1\" is no number; the default %2 is in force", "write digits alone on the first line",
    "「%1」は数ではありません。既定値 %2 が使われています", "一行目に数字だけを書いてください"},
[MSG_NUMBER_REST] = {SEVERITY_WARNING, "value.number_rest",
    "only the digits of \"%1\" count", "write digits alone: no units, no signs",
    "「%1」のうち数字の部分だけが使われます", "単位や記号を付けず数字だけを書いてください"},
[MSG_OUT_OF_BOUNDS] = {SEVERITY_WARNING, "value.bounds",
    "%1 is out of bounds; %2 is used", "write a number within the bounds (`twinpost show`)",
    "%1 は範囲外です。%2 が使われます", "範囲内の数を書いてください(`twinpost show` 参照)"},
[MSG_BAD_CHOICE] = {SEVERITY_ERROR, "value.choice",
    "\"%1\" is none of %2; the default is in force", "write one of %2",
    "「%1」は選べません。%2 のどれかです。既定値が使われています", "%2 のどれかを書いてください"},
[MSG_MORE_LINES] = {SEVERITY_WARNING, "value.more_lines",
    "only the first line counts", "remove the lines after it",
    "一行目だけが読まれます", "二行目から後を消してください"},
[MSG_EMPTY_LINE_FILE] = {SEVERITY_ERROR, "value.empty",
    "the first line is empty, and that is the value: not the default", "write the value, or remove the file",
    "一行目が空で、それが値になります(既定値にはなりません)", "値を書くか、ファイルを消してください"},
[MSG_NO_COLON] = {SEVERITY_ERROR, "value.no_colon",
    "\"%1\" has no colon; the line is ignored", "write name:value",
    "「%1」にコロンがありません。この行は無視されます", "名前:値 の形で書いてください"},
[MSG_DUPLICATE] = {SEVERITY_WARNING, "value.duplicate",
    "%1 stands twice (also in line %2); the later line counts", "remove one of them",
    "%1 が二度あります(%2 行目にも)。後の行が使われます", "どちらかを消してください"},
[MSG_ADDRESS_FOR_HOST] = {SEVERITY_ERROR, "value.address_for_host",
    "\"%1\" is an address; this file wants host names", "write what stands after the @",
    "「%1」は宛先です。ここにはホスト名を書きます", "@ の後だけを書いてください"},
[MSG_SPACE_IN_NAME] = {SEVERITY_ERROR, "value.space",
    "\"%1\" has a space; it matches nothing", "one name per line",
    "「%1」に空白があり、何にも一致しません", "一行に一つずつ書いてください"},
[MSG_HOST_FOR_ADDRESS] = {SEVERITY_WARNING, "value.host_for_address",
    "\"%1\" has no @; it matches nothing", "write user@host, or @host for all of a host",
    "「%1」に @ がなく、何にも一致しません", "user@host か @host の形で書いてください"},
[MSG_BAD_LISTEN] = {SEVERITY_ERROR, "value.listen",
    "\"%1\" is no address:port", "write 192.0.2.1:25, [2001:db8::1]:25 or :25",
    "「%1」は アドレス:ポート の形ではありません", "192.0.2.1:25、[2001:db8::1]:25、:25 のように書いてください"},
[MSG_NO_ME] = {SEVERITY_ERROR, "me.absent",
    "this host has no name", "write its full name: echo host.example.jp > " CONTROL_DIR "me",
    "このホストの名前がありません", "完全な名前を書いてください: echo host.example.jp > " CONTROL_DIR "me"},
[MSG_ME_NO_DOT] = {SEVERITY_WARNING, "me.short",
    "%1 is not a full host name", "write it with its domain",
    "%1 は完全なホスト名ではありません", "ドメインまで書いてください"},
[MSG_OPEN_RELAY] = {SEVERITY_ERROR, "relay.open",
    "there is no rcpthosts, so strangers may send anywhere through this host (open relay)", "list the domains of this site in " CONTROL_DIR "rcpthosts",
    "rcpthosts がないので、誰でもこのホストからどこへでも送れます(オープンリレー)", "このサイトのドメインを " CONTROL_DIR "rcpthosts に並べてください"},
[MSG_LOCAL_NOT_ACCEPTED] = {SEVERITY_WARNING, "rcpthosts.no_local",
    "%1 is local, but rcpthosts lacks it: mail from outside is refused", "add %1 to rcpthosts",
    "%1 は locals にありますが rcpthosts にありません。外からのメールは断られます", "rcpthosts に %1 を足してください"},
[MSG_VIRTUAL_NOT_ACCEPTED] = {SEVERITY_WARNING, "rcpthosts.no_virtual",
    "%1 is a virtual domain, but rcpthosts lacks it: mail from outside is refused", "add %1 to rcpthosts",
    "%1 は仮想ドメインですが rcpthosts にありません。外からのメールは断られます", "rcpthosts に %1 を足してください"},
[MSG_ACCEPTED_NOT_HERE] = {SEVERITY_NOTE, "rcpthosts.remote",
    "%1 is accepted, but is neither local, virtual nor routed: its mail goes on by MX", "right for a backup MX; else remove it",
    "%1 は受け取られますが、locals にも virtualdomains にも smtproutes にもないので MX へ送られます", "バックアップ MX ならそのままに。違えば消してください"},
[MSG_LOCAL_AND_VIRTUAL] = {SEVERITY_WARNING, "virtualdomains.local",
    "%1 is in locals too, and locals wins: this line has no effect", "remove it from one of them",
    "%1 は locals にもあり、locals が勝つので、この行は効きません", "どちらかから消してください"},
[MSG_STANDBY_LOCAL] = {SEVERITY_ERROR, "role.standby_local",
    "this host is standby, but takes mail for %1 as its own", "leave only localhost in locals, or make role live",
    "このホストは standby なのに %1 宛を自分のものとして受け取ります", "locals を localhost だけにするか、role を live にしてください"},
[MSG_NOTICES_LOST] = {SEVERITY_ERROR, "notices.lost",
    "%1 is this host's own name, but is neither local nor routed: its mail, bounces and cron's among it, would be dropped", "add %1 to locals, or on a standby route it: %1:LIVEHOST in smtproutes",
    "%1 は自分の名前なのに locals にも smtproutes にもなく、cron や不達通知のメールが捨てられます", "locals に足すか、standby なら smtproutes に %1:本番ホスト と書いてください"},
[MSG_MRH_NO_CDB] = {SEVERITY_WARNING, "morercpthosts.not_compiled",
    "is not compiled, so it has no effect", "run qmail-newmrh",
    "変換されておらず、効いていません", "qmail-newmrh を実行してください"},
[MSG_MRH_OLD_CDB] = {SEVERITY_WARNING, "morercpthosts.old",
    "is newer than morercpthosts.cdb: the change has no effect yet", "run qmail-newmrh",
    "morercpthosts.cdb より新しく、変更がまだ効いていません", "qmail-newmrh を実行してください"},
[MSG_CDB_DAMAGED] = {SEVERITY_ERROR, "cdb.damaged",
    "is damaged", "build it again with %1",
    "壊れています", "%1 で作り直してください"},
[MSG_HELD] = {SEVERITY_NOTE, "concurrency.held",
    "is 0: these deliveries wait until it changes", "write a number above 0 to let them go",
    "0 なので配送は止まっています", "動かすには 1 以上を書いてください"},
[MSG_SECRET_MODE] = {SEVERITY_ERROR, "file.secret_mode",
    "holds passwords and can be read by everybody", "chmod 600 %1",
    "パスワードが入っているのに誰でも読めます", "chmod 600 %1"},
[MSG_WRITABLE] = {SEVERITY_ERROR, "file.writable",
    "can be changed by everybody", "chmod o-w %1",
    "誰でも書き換えられます", "chmod o-w %1"},
[MSG_ASSIGN_BAD] = {SEVERITY_ERROR, "assign.format",
    "bad format: a line is =local:user:uid:gid:home:dash:ext: and the last one is a dot", "mend the line, then run qmail-newu",
    "形式が違います。各行は =local:user:uid:gid:home:dash:ext: で、最後の行は . です", "直してから qmail-newu を実行してください"},
[MSG_ASSIGN_NO_CDB] = {SEVERITY_WARNING, "assign.not_compiled",
    "is not compiled, so it has no effect", "run qmail-newu",
    "変換されておらず、効いていません", "qmail-newu を実行してください"},
[MSG_ASSIGN_OLD_CDB] = {SEVERITY_WARNING, "assign.old",
    "is newer than users/cdb: the change has no effect yet", "run qmail-newu",
    "users/cdb より新しく、変更がまだ効いていません", "qmail-newu を実行してください"},
[MSG_RULES_BAD] = {SEVERITY_ERROR, "rules.format",
    "cannot be understood: %1", "write address:allow or address:deny, then ,NAME=\"value\" for variables",
    "解釈できません: %1", "address:allow か address:deny と書き、変数は ,NAME=\"値\" を続けます"},
[MSG_RULES_FINDING] = {SEVERITY_WARNING, "rules.line",
    "%1", "mend or remove the line",
    "%1", "直すか消してください"},
[MSG_RULES_OPEN_RELAY] = {SEVERITY_ERROR, "rules.open_relay",
    "the rule for everybody sets RELAYCLIENT: this host is an open relay", "set RELAYCLIENT only for your own networks",
    "全員に当たる規則が RELAYCLIENT を設定しています(オープンリレー)", "RELAYCLIENT は自分のネットワークだけに付けてください"},
[MSG_NO_ALIAS] = {SEVERITY_WARNING, "alias.absent",
    "%1 must have a mailbox on every host, and there is no alias of that name", "echo '&you@example.jp' > var/qmail/alias/.qmail-%1",
    "%1 宛はどのホストでも届かなければなりませんが、エイリアスがありません", "echo '&you@example.jp' > var/qmail/alias/.qmail-%1"},
[MSG_AUTH_NO_ROUTE] = {SEVERITY_WARNING, "relayauth.no_route",
    "%1 is no relay of smtproutes: this login is never used", "name the relay as smtproutes does",
    "%1 は smtproutes にない中継先なので、この認証は使われません", "smtproutes と同じ名前を書いてください"},
};
/* clang-format on */

static void expand(struct buf *b, const char *text, str a1, str a2)
{
    for (; *text; text++) {
        if (*text != '%' || (text[1] != '1' && text[1] != '2')) {
            buf_addc(b, *text);
            continue;
        }
        str arg = *++text == '1' ? a1 : a2;
        for (size_t i = 0; i < arg.n; i++) {
            unsigned char c = (unsigned char)arg.p[i];
            buf_addc(b, c < 32 || c == 127 ? '?' : arg.p[i]);
        }
    }
}

static str expanded(struct checker *c, const char *text, str a1, str a2)
{
    auto_buf struct buf b;
    buf_init(&b, 4096);
    expand(&b, text, str_slice(a1, 0, 1000), str_slice(a2, 0, 1000));
    return arena_copy(c->a, buf_str(&b));
}

void checker_add(struct checker *c, enum message m, str file, size_t line, str a1, str a2)
{
    const struct message_text *t = &texts[m];
    if (c->found.n >= FINDINGS_MAX)
        return;
    struct finding f = {.severity = t->severity,
                        .file = arena_copy(c->a, file),
                        .line = line,
                        .code = t->code,
                        .text = expanded(c, t->en, a1, a2),
                        .remedy = expanded(c, t->en_remedy, a1, a2),
                        .text_ja = expanded(c, t->ja, a1, a2),
                        .remedy_ja = expanded(c, t->ja_remedy, a1, a2)};
    vec_push(&c->found, f);
}

const char *severity_name(enum severity s)
{
    static const char *const names[] = {
        [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};
    return names[s];
}

void findings_print(const struct findings *f, bool japanese, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->at[i];
        buf_add(out, x->file);
        if (x->line)
            buf_addf(out, ":%zu", x->line);
        str text = japanese ? x->text_ja : x->text;
        str remedy = japanese ? x->remedy_ja : x->remedy;
        buf_addf(out, ": %s: %.*s [%s]\n    %s %.*s\n", severity_name(x->severity), STR_ARG(text),
                 x->code, japanese ? "対処:" : "remedy:", STR_ARG(remedy));
    }
}

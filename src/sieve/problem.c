/* SPDX-License-Identifier: ISC */
#include "sieve/problem.h"

struct wording {
    const char *en, *ja;
};

/* clang-format off */
static const struct wording wordings[SIEVE_PROBLEM_COUNT] = {
[SIEVE_TOO_LARGE] = {"the script is too large; %1 octets are the limit", "スクリプトが大きすぎます。上限は %1 オクテットです"},
[SIEVE_NOT_UTF8] = {"this is not UTF-8; save the script as UTF-8", "UTF-8 ではありません。UTF-8 で保存してください"},
[SIEVE_BAD_CHARACTER] = {"\"%1\" cannot stand here; text belongs between straight double quotes", "「%1」はここに書けません。文字列は半角の二重引用符で囲んでください"},
[SIEVE_OPEN_STRING] = {"this string is never closed; add the missing double quote", "文字列が閉じていません。二重引用符を補ってください"},
[SIEVE_OPEN_TEXT] = {"this text: is never closed; end it with a line that holds a single dot", "text: が閉じていません。ピリオド一つだけの行で終えてください"},
[SIEVE_OPEN_COMMENT] = {"this comment is never closed; end it with */", "コメントが閉じていません。*/ で閉じてください"},
[SIEVE_BAD_TEXT_LINE] = {"after text: the line must end; begin the text on the next line", "text: の後は行を改めてください。本文は次の行から書きます"},
[SIEVE_BAD_NUMBER] = {"\"%1\" is no number; write digits, and K, M or G behind them", "「%1」は数ではありません。数字と、必要なら K, M, G を書いてください"},
[SIEVE_BAD_TAG] = {"a colon must be followed by a word, as in :is", "コロンの後には :is のように語が必要です"},
[SIEVE_TOO_DEEP] = {"blocks and tests are nested too deeply; split the script", "ブロックや条件の入れ子が深すぎます。分けて書いてください"},
[SIEVE_TOO_MANY] = {"there are too many commands or strings; split the script with include", "命令または文字列が多すぎます。include で分けてください"},
[SIEVE_NO_SEMICOLON] = {"\"%1\" is not finished before this; add a semicolon or a block in braces", "「%1」がここまでに終わっていません。セミコロンか、波括弧のブロックを補ってください"},
[SIEVE_NO_COMMAND] = {"a command is expected here", "ここには命令が必要です"},
[SIEVE_OPEN_BLOCK] = {"this block is never closed; add a closing brace", "ブロックが閉じていません。「}」を補ってください"},
[SIEVE_OPEN_LIST] = {"a list is strings with commas between, ending in \"]\"", "リストは文字列をコンマで区切り、「]」で閉じます"},
[SIEVE_OPEN_TESTS] = {"a test is expected here, or \")\" after the last one", "ここには条件が必要です。最後の条件の後なら「)」です"},
[SIEVE_EXTRA_BRACE] = {"there is no open block that this brace could close; remove it", "閉じるべきブロックがありません。この「}」を除いてください"},
[SIEVE_UNKNOWN_COMMAND] = {"unknown command \"%1\"; look at its spelling", "「%1」という命令はありません。綴りを確かめてください"},
[SIEVE_UNKNOWN_TEST] = {"unknown test \"%1\"; look at its spelling", "「%1」という条件はありません。綴りを確かめてください"},
[SIEVE_IS_TEST] = {"\"%1\" is a test, no command; put \"if\" before it", "「%1」は条件であって命令ではありません。前に if が必要です"},
[SIEVE_IS_COMMAND] = {"\"%1\" is a command, no test; it belongs into the block", "「%1」は命令であって条件ではありません。ブロックの中に書いてください"},
[SIEVE_UNKNOWN_TAG] = {"\"%2\" knows no :%1", "「%2」に :%1 はありません"},
[SIEVE_TAG_TWICE] = {":%1 cannot stand beside what was said before it; keep one of them", ":%1 は前に書かれたものと一緒には使えません。どちらか一つにしてください"},
[SIEVE_TAG_LATE] = {":%1 comes too late; it belongs before the other arguments", ":%1 は他の引数より前に書いてください"},
[SIEVE_TAG_NO_VALUE] = {":%1 needs %2 behind it", ":%1 の後には %2 が必要です"},
[SIEVE_NEEDS_REQUIRE] = {"%1 needs an extension; put require \"%2\"; at the top", "%1 には拡張が必要です。先頭に require \"%2\"; と書いてください"},
[SIEVE_UNKNOWN_EXTENSION] = {"the extension \"%1\" is not known here", "「%1」という拡張はここにはありません"},
[SIEVE_LATE_REQUIRE] = {"require must come before every other command", "require は他のすべての命令より前に書いてください"},
[SIEVE_WRONG_TYPE] = {"\"%1\" takes %2 here", "「%1」はここに %2 をとります"},
[SIEVE_TOO_FEW] = {"\"%1\" needs %2 more", "「%1」には、さらに %2 が必要です"},
[SIEVE_TOO_MUCH] = {"\"%1\" takes no more arguments; remove this one", "「%1」はこれ以上引数をとりません。これを除いてください"},
[SIEVE_NEEDS_TEST] = {"\"%1\" needs a test", "「%1」には条件が必要です"},
[SIEVE_NO_TEST] = {"\"%1\" takes no test like this", "「%1」にこの形の条件は書けません"},
[SIEVE_NEEDS_BLOCK] = {"\"%1\" needs a block in braces", "「%1」には波括弧のブロックが必要です"},
[SIEVE_NO_BLOCK] = {"\"%1\" takes no block; end it with a semicolon", "「%1」にブロックは付きません。セミコロンで終えてください"},
[SIEVE_ALONE_ELSE] = {"\"%1\" must follow the block of an if or elsif", "「%1」は if か elsif のブロックの直後に書いてください"},
[SIEVE_UNKNOWN_COMPARATOR] = {"unknown comparator \"%1\"", "「%1」という比較方法はありません"},
[SIEVE_BAD_COMPARATOR] = {"the comparator \"%1\" cannot do :%2", "比較方法「%1」では :%2 は使えません"},
[SIEVE_BAD_RELATION] = {"\"%1\" is no relation; one of gt ge lt le eq ne is", "「%1」は関係ではありません。gt ge lt le eq ne のどれかです"},
[SIEVE_NOT_CONSTANT] = {"this must be said plainly, without a variable", "ここに変数は使えません。そのまま書いてください"},
[SIEVE_BAD_HEADER] = {"\"%1\" is no name of a header field", "「%1」はヘッダの名前になりません"},
[SIEVE_NOT_ADDRESS_HEADER] = {"\"%1\" holds no addresses; use the test \"header\" for it", "「%1」は宛先のヘッダではありません。条件 header を使ってください"},
[SIEVE_PROTECTED_HEADER] = {"\"%1\" is a trace of the message's way and cannot be changed", "「%1」は配送の記録なので変えられません"},
[SIEVE_BAD_ADDRESS] = {"\"%1\" is no mail address", "「%1」はメールアドレスではありません"},
[SIEVE_BAD_PART] = {"\"%1\" is no part of an envelope; from, to and auth are", "「%1」は封筒の項目ではありません。from, to, auth があります"},
[SIEVE_BAD_REGEX] = {"this regular expression is not right: %1", "正規表現の誤り: %1"},
[SIEVE_BAD_VARIABLE] = {"\"%1\" is no name of a variable; letters, digits and _ make one", "「%1」は変数の名前になりません。英字・数字・_ で書きます"},
[SIEVE_BAD_NAMESPACE] = {"the variable \"%1\" is in a namespace that is not known here", "変数「%1」の名前空間はここにはありません"},
[SIEVE_BAD_DATE_PART] = {"\"%1\" is no part of a date; year, month, day, date, hour, time, weekday … are", "「%1」は日時の項目ではありません。year, month, day, date, hour, time, weekday などです"},
[SIEVE_BAD_ZONE] = {"\"%1\" is no time zone; write it as +0900", "「%1」は時間帯ではありません。+0900 のように書きます"},
[SIEVE_BAD_MAILBOX] = {"\"%1\" is no name of a mailbox", "「%1」はメールボックスの名前になりません"},
[SIEVE_BAD_CODE_POINT] = {"${unicode:%1} is no character of Unicode", "${unicode:%1} は Unicode の文字ではありません"},
[SIEVE_BAD_SCRIPT_NAME] = {"\"%1\" is no name of a script", "「%1」はスクリプトの名前になりません"},
[SIEVE_BAD_FLAG] = {"\"%1\" is no flag that a message can have", "「%1」というフラグは付けられません"},
[SIEVE_BAD_METHOD] = {"\"%1\" is no way to notify; a mailto: address is", "「%1」では通知できません。mailto: の宛先を書いてください"},
[SIEVE_GLOBAL_LATE] = {"\"%1\" was set before it was made global; put global first", "「%1」は global より前に set されています。global を先に書いてください"},
[SIEVE_TAG_ALONE] = {":%1 is of use only with :%2", ":%1 は :%2 と一緒のときだけ使えます"},
[SIEVE_RUN_MEMORY] = {"the script needs too much memory for this message", "このメールにはスクリプトの使うメモリが多すぎます"},
[SIEVE_RUN_WORK] = {"the script takes too much time for this message", "このメールにはスクリプトの処理が長すぎます"},
[SIEVE_RUN_ACTIONS] = {"the script does too much with one message", "一通のメールに対する動作が多すぎます"},
[SIEVE_RUN_REDIRECTS] = {"more than %1 redirects of one message", "一通のメールの転送が %1 件を超えました"},
[SIEVE_RUN_CONFLICT] = {"%1 cannot be done together with %2", "%1 は %2 と同時にはできません"},
[SIEVE_RUN_TWICE] = {"%1 was done already for this message", "このメールに対する %1 は二度目です"},
[SIEVE_RUN_ADDRESS] = {"\"%1\" is no mail address", "「%1」はメールアドレスではありません"},
[SIEVE_RUN_MAILBOX] = {"\"%1\" is no name of a mailbox", "「%1」はメールボックスの名前になりません"},
[SIEVE_RUN_HEADER] = {"\"%1\" is no name of a header field", "「%1」はヘッダの名前になりません"},
[SIEVE_RUN_REGEX] = {"a regular expression cannot be used: %1", "正規表現が使えません: %1"},
[SIEVE_RUN_INCLUDE_MISSING] = {"the included script \"%1\" does not exist", "include されたスクリプト「%1」がありません"},
[SIEVE_RUN_INCLUDE_BROKEN] = {"the included script \"%1\" has errors: %2", "include されたスクリプト「%1」に誤りがあります: %2"},
[SIEVE_RUN_INCLUDE_LOOP] = {"the script \"%1\" includes itself", "スクリプト「%1」が自分自身を include しています"},
[SIEVE_RUN_INCLUDE_DEPTH] = {"too many scripts are included", "include が多すぎます"},
[SIEVE_RUN_UNKNOWN] = {"\"%1\" is not known here", "「%1」はここにはありません"},
[SIEVE_RUN_ERROR] = {"the script says: %1", "スクリプトからの知らせ: %1"},
[SIEVE_RUN_METHOD] = {"\"%1\" is no way to notify", "「%1」では通知できません"},
};
/* clang-format on */

static void add(struct sieve_problems *p, const struct sieve_problem *one)
{
    if (!one->warning)
        p->errors++;
    if (p->n < SIEVE_PROBLEMS_MAX)
        p->at[p->n++] = *one;
}

void sieve_problem_add(struct sieve_problems *p, struct sieve_pos at, enum sieve_problem_kind kind,
                       str a, str b)
{
    add(p, &(struct sieve_problem){.at = at, .kind = kind, .a = a, .b = b});
}

void sieve_warning_add(struct sieve_problems *p, struct sieve_pos at, enum sieve_problem_kind kind,
                       str a, str b)
{
    add(p, &(struct sieve_problem){.at = at, .kind = kind, .a = a, .b = b, .warning = true});
}

static void add_quoted(struct buf *b, str s)
{
    enum { SHOWN_MAX = 120 };
    bool cut = s.n > SHOWN_MAX;
    size_t n = cut ? SHOWN_MAX : s.n;
    while (cut && n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--; /* not inside a character */
    for (size_t i = 0; i < n; i++)
        buf_addc(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
    if (cut)
        buf_add(b, S("…"));
}

void sieve_problem_write(struct buf *b, const struct sieve_problem *p, enum sieve_language l)
{
    const struct wording *w = &wordings[p->kind];
    if (p->at.line && l == SIEVE_JAPANESE)
        buf_addf(b, "%u 行 %u 桁: ", p->at.line, p->at.column);
    else if (p->at.line)
        buf_addf(b, "line %u, column %u: ", p->at.line, p->at.column);
    if (p->warning)
        buf_add(b, l == SIEVE_JAPANESE ? S("注意: ") : S("warning: "));
    const char *text = l == SIEVE_JAPANESE ? w->ja : w->en;
    for (; *text; text++) {
        if (*text == '%' && (text[1] == '1' || text[1] == '2'))
            add_quoted(b, *++text == '1' ? p->a : p->b);
        else
            buf_addc(b, *text);
    }
}

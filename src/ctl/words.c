/* SPDX-License-Identifier: ISC */
#include "ctl/words.h"

#include <string.h>

/* clang-format off */
const struct word_pair words_table[] = {
    /* help */
    {"usage: twinpost [--root DIR] COMMAND …\n\n", "使い方: twinpost [--root DIR] コマンド …\n\n"},
    {"\nAlso by their own names: ", "\n次の名前でも呼べます: "},
    {"usage", "使い方"},
    {"says what is wrong with the configuration, file, line and remedy", "設定の誤りを、ファイル・行・対処とともに示します"},
    {"says who is not let in, bans an address or network, lifts a ban", "入れない相手を示し、アドレスやネットワークを締め出し、また解きます"},
    {"prints the whole route of an address, from the code that delivery uses", "宛先の道筋をすべて示します (配送と同じ判断によります)"},
    {"writes a user's mail into a directory, as a Maildir tree or as mbox files",
     "利用者のメールを Maildir または mbox としてディレクトリに書き出します"},
    {"lists the commands", "コマンドの一覧"},
    {"takes mail over from a Maildir, mbox files or another IMAP server; again: goes on",
     "Maildir・mbox・他の IMAP サーバからメールを引き継ぎます。再実行すると続きから進みます"},
    {"brings back messages that were expunged, or went with their folder, within expungedays",
     "消去された、またはフォルダーごと削除されたメッセージを expungedays の間なら元に戻します"},
    {"gathers the words of users' mail for searching now; by itself it is done in the background",
     "利用者のメールの語を検索のために今すぐ集めます (ふだんは裏で自動的に行われます)"},
    {"says whether the jails can work, and what a filter makes of a log",
     "各 jail が働けるか、フィルタがログをどう読むかを示します"},
    {"ok", "正常"},
    {"cannot work as it should", "正しく働けません"},
    {"cannot be loaded", "読み込めません"},
    {"no time zone %s", "%s という時間帯はありません"},
    {"shows events", "出来事を示します"},
    {"prints the counters in Prometheus' format", "計数を Prometheus の形式で示します"},
    {"lists the old command names this program answers to, one a line", "答えられる昔のコマンド名を一行に一つ示します"},
    {"shows and changes who is registered, and what was done and refused", "登録された利用者を示し、変更します。行われたこと・拒まれたことも示します"},
    {"sets a user's mail password", "利用者のメール用パスワードを決めます"},
    {"looks into the queue and changes it", "キューを調べ、操作します"},
    {"brings a changed configuration into force, or says why not", "変えた設定を有効にします。できなければ訳を示します"},
    {"prints every setting, its value and what it means", "すべての設定の値と意味を示します"},
    {"says whether the host serves, where, and what waits", "動いているか、どこで待ち受けるか、何が待っているかを示します"},
    {"stops the mail host, deliveries in flight first", "配送中のものを終えてから止めます"},
    {"makes a local authority and a certificate in the current directory", "手元の認証局と証明書を今のディレクトリに作ります"},
    {"tells the story of a message or an address", "メールや宛先に何が起きたかを順に示します"},
    {"prints the manual page of the settings", "設定のマニュアルページを出します"},
    {"%1 ended %2 times in a row (%3): %4", "%1 は続けて %2 回終了しました (%3): %4"},
    {"it did not say", "理由は不明です"},
    {"%1 session(s) ended.", "%1 個の接続を切りました。"},
    {"Bans hold at our own door alone; nftables: %1",
     "遮断はこのサーバーの入口だけで有効です。nftables: %1"},
    {"Jail %1 cannot work: %2", "ジェイル %1 は働けません: %2"},
    {"Jails: %1, of which %2 cannot work.", "ジェイル %1 個、うち働けないもの %2 個。"},
    {"for %1 seconds more", "あと %1 秒"},
    {"until it is lifted", "解くまで"},
    {"misbehaved; ban number %2", "不正な接続のため、%2 回目"},
    {"%s is no length of time: 90, 15m, 2h, 7d, forever", "%s は期間ではありません: 90, 15m, 2h, 7d, forever"},
    {"the reason is too long", "理由が長すぎます"},
    {"says what is wrong with a Sieve script, or what it does with a message", "Sieve スクリプトの誤り、またはメールへの動作を示します"},
    {"the script is sound", "スクリプトに誤りはありません"},
    /* errors */
    {"no command %s; `twinpost help` lists them", "%s というコマンドはありません。`twinpost help` で一覧が出ます"},
    {"the mail host is not running here", "ここではメールホストが動いていません"},
    {"cannot reach the mail host", "メールホストにつながりません"},
    {"asking the mail host", "メールホストへの問い合わせ"},
    {"cannot read the configuration", "設定が読めません"},
    {"the configuration in force stays: mend what is said above", "今の設定のままです。上に示した点を直してください"},
    {"cannot read the events", "出来事の記録が読めません"},
    {"following the events", "出来事の監視"},
    {"no event speaks of %s", "%s についての記録はありません"},
    {"cannot show", "表示できません"},
    {"%s is not a user of this house", "%s という利用者はいません"},
    {"no password was given", "パスワードが入力されていません"},
    {"the two differ; nothing was changed", "二つが違います。何も変えていません"},
    {"cannot set the password", "パスワードを変えられません"},
    {"cannot make a certificate", "証明書を作れません"},
    {"cannot write the output: %s", "出力できません: %s"},
    {"the input is too large", "入力が大きすぎます"},
    {"cannot read the input", "入力が読めません"},
    {"cannot look into the homes", "ホームの中を調べられません"},
    /* check-config: .qmail */
    {"error", "誤り"},
    {"warning", "注意"},
    {"everybody may write to it: mail waits", "誰でも書き込めるため、メールは配送されずに待ちます"},
    {"the file is too large", "ファイルが大きすぎます"},
    {"a typographic quote: the shell wants ' or \"", "飾りの引用符です。シェルには ' か \" が要ります"},
    {"the line ends in CR LF; the CR is part of the command", "行末が CR LF です。CR もコマンドの一部になります"},
    {"the line ends in CR LF; the CR is part of the path", "行末が CR LF です。CR もパスの一部になります"},
    {"the line ends in CR LF; the CR is part of the address", "行末が CR LF です。CR も宛先の一部になります"},
    {"_at_ is no @", "_at_ は @ ではありません"},
    {"spaces, brackets and comments do not belong in a forward address", "転送先に空白・括弧・注釈は書けません"},
    {"an unknown + line is ignored", "知らない + の行は無視されます"},
    {"Uh-oh: first line of .qmail file is blank. (#4.2.1)", "一行目が空なので配送されません (#4.2.1)"},
    {"Uh-oh: .qmail has file delivery but has x bit set. (#4.7.0)", "x ビットが立っているのにファイルへの配送があります (#4.7.0)"},
    {"Uh-oh: .qmail has prog delivery but has x bit set. (#4.7.0)", "x ビットが立っているのにプログラムへの配送があります (#4.7.0)"},
    /* status */
    {"The host serves. Configuration number %1.", "動いています。設定の版は %1 です。"},
    {"Not all programs serve yet: %2. Configuration number %1.", "まだ動いていないプログラムがあります: %2。設定の版は %1 です。"},
    {"Listening:", "待ち受け:"},
    {"The queue is empty.", "キューは空です。"},
    {"In the queue: %1 message(s), %2 of them held; the oldest for %3. Deliveries: local %4, remote %5.", "キュー: %1 通 (うち留め置き %2)、最も古いものは %3 前から。配送中: 内 %4、外 %5。"},
    {"Since its start: %1 accepted, %2 delivered, %3 put off, %4 failed, %5 bounces.", "起動してから: 受付 %1、配送 %2、延期 %3、失敗 %4、不達通知 %5。"},
    {"Not granted by this system: %1", "この環境では使えない防御: %1"},
    /* why */
    {"Message %1: %2 bytes from %3", "メール %1: %2 バイト、差出人 %3"},
    {"Message %1 (its beginning is no longer in the log)", "メール %1 (始まりは記録に残っていません)"},
    {"nobody (a bounce)", "なし (不達通知)"},
    {"Message-ID %1", "Message-ID %1"},
    {"it is the bounce of message %1", "メール %1 の不達通知です"},
    {"it was sent on by message %1", "メール %1 からの転送です"},
    {"taken by %1 from %2, which calls itself %3", "%1 で %2 (自称 %3) から受け取りました"},
    {"safe in the queue, for %1 recipient(s)", "キューに書き込みました (宛先 %1)"},
    {"handed in by a program of this host (uid %2, pid %3); safe in the queue, for %1 recipient(s)", "このホストのプログラム (uid %2, pid %3) から受け取り、キューに書き込みました (宛先 %1)"},
    {"%1: delivery begins", "%1: 配送を始めました"},
    {"%1: delivered here: %2", "%1: このホストに配送しました: %2"},
    {"%1: sent to another host: %2", "%1: 他のホストへ送りました: %2"},
    {"%1: not yet, it will be tried again: %2", "%1: まだ配送できません。また試みます: %2"},
    {"the mail filter of %1 failed, and the message is kept: %2", "%1 のメールフィルタが失敗したので、メールはそのまま受け取りました: %2"},
    {"%1: failed for good: %2", "%1: 配送できませんでした: %2"},
    {"the sender %2 is told: bounce %1", "差出人 %2 に知らせます: 不達通知 %1"},
    {"%1: the bounce cannot be delivered either, and is dropped: %2", "%1: 不達通知も届けられず、捨てました: %2"},
    {"the administrator: %1", "管理者の操作: %1"},
    {"done: nothing of it is in the queue any more", "完了: キューには残っていません"},
    {"it waits in the queue (twinpost queue show %1)", "キューで待っています (twinpost queue show %1)"},
    {"%1 then fetched %2 message(s) by POP3", "その後 %1 が POP3 で %2 通を取り出しました"},
    {"%1 then looked in by IMAP", "その後 %1 が IMAP で接続しました"},
    {"(%1 earlier message(s) are left out; -n says how many to tell)", "(これより前の %1 通は省きました。-n で数を指定できます)"},
    {"Besides:", "そのほか:"},
};
/* clang-format on */
const size_t words_n = sizeof words_table / sizeof words_table[0];

const char *word(const struct ctl *c, const char *en)
{
    for (size_t i = 0; c->japanese && i < words_n; i++)
        if (strcmp(words_table[i].en, en) == 0)
            return words_table[i].ja;
    return en;
}

static void add_visible(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char ch = (unsigned char)text.p[i];
        if (ch == '\n' && i + 1 < text.n)
            buf_add(out, S(" / "));
        else if (ch != '\n')
            buf_addc(out, ch < 0x20 || ch == 0x7f ? '?' : (char)ch);
    }
}

void words_add(const struct ctl *c, struct buf *out, const char *en, const str *args, size_t n)
{
    for (const char *p = word(c, en); *p; p++) {
        if (*p == '%' && p[1] >= '1' && p[1] <= '9' && (size_t)(p[1] - '1') < n)
            add_visible(out, args[*++p - '1']);
        else
            buf_addc(out, *p);
    }
}

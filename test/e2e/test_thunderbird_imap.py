# SPDX-License-Identifier: ISC
"""Thunderbird, headless, with an IMAP account: folders with Japanese names, move, flags, search on the
server, news as they come (IDLE), and coming back to what changed meanwhile (CONDSTORE)."""
import imaplib
import uuid

import pytest

from proxy import Proxy
from test_thunderbird import ENCRYPTED, INCOMING, PLAIN, SETUP, names_of

USER = "u5"

TOOLS = SETUP + """
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const until = async (test, what) => {
    for (let tries = 0; tries < 600; tries++) {
        const value = test();
        if (value) return value;
        await new Promise(resolve => setTimeout(resolve, 50));
    }
    throw new Error(what + " did not happen");
};
const server = MailServices.accounts.getIncomingServer(args[0]);
server.password = args[1];
const root = server.rootFolder;
const all = folder => Array.from(folder.msgDatabase.enumerateMessages());
const folderNamed = name => root.descendants.find(f => (f.localizedName ?? f.prettyName) == name);
/* A refresh of the list takes folders away for a moment. */
const there = name => until(() => folderNamed(name), "the folder " + name);
const listener = (resolve, reject) => ({
    QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
    OnStartRunningUrl() {},
    OnStopRunningUrl(url, status) {
        if (Components.isSuccessCode(status)) resolve(); else reject(new Error("status 0x" + status.toString(16)));
    },
});
const updateOnce = folder => new Promise((resolve, reject) =>
    folder.QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener(resolve, reject)));
const update = async folder => { /* a connection that broke shows when it is used */
    for (let tries = 0; ; tries++) {
        try { return await updateOnce(folder); } catch (e) { if (tries == 4) throw e; }
        await new Promise(resolve => setTimeout(resolve, 200));
    }
};
"""

DISCOVER = TOOLS + """
await update(root.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox));
server.performExpand(null);
await until(() => folderNamed(args[2]), "a folder of that name");
return true;
"""

MAKE = TOOLS + """
const parent = await there(args[2]);
parent.createSubfolder(args[3], null);
await until(() => folderNamed(args[3]), "the new folder");
return true;
"""

LOOK = TOOLS + """
const folder = await there(args[2]);
await update(folder);
await until(() => all(folder).length == args[3], args[3] + " messages, not " + all(folder).length);
return all(folder).map(m => [m.mime2DecodedSubject, m.isRead, m.isFlagged]).sort();
"""

FLAG_AND_MOVE = TOOLS + """
const [from, to] = [await there(args[2]), await there(args[3])];
const named = subject => all(from).find(m => m.mime2DecodedSubject == subject);
from.markMessagesRead([named(args[4])], true);
from.markMessagesFlagged([named(args[4])], true);
from.addKeywordsToMessages([named(args[4])], "$label2");
await new Promise((resolve, reject) => {
    MailServices.copy.copyMessages(from, [named(args[5])], to, true, {
        QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
        onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; },
        onStopCopy(status) {
            if (Components.isSuccessCode(status)) resolve(); else reject(new Error("status 0x" + status.toString(16)));
        },
    }, null, false);
});
return true;
"""

SEARCH = TOOLS + """
const folder = await there(args[2]);
const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder);
const term = session.createTerm();
term.attrib = Ci.nsMsgSearchAttrib.Body; term.op = Ci.nsMsgSearchOp.Contains; term.booleanAnd = true;
const value = term.value;
value.attrib = Ci.nsMsgSearchAttrib.Body; value.str = args[3];
term.value = value;
session.appendTerm(term);
const hits = [];
await new Promise(resolve => {
    session.registerListener({
        QueryInterface: ChromeUtils.generateQI(["nsIMsgSearchNotify"]),
        onSearchHit(message) { hits.push(message.mime2DecodedSubject); }, onSearchDone() { resolve(); }, onNewSearch() {},
    }, Ci.nsIMsgSearchSession.allNotifications);
    session.search(null);
});
return hits.sort();
"""

WAIT_FOR = TOOLS + """
const folder = await there(args[2]);
const found = () => all(folder).find(m => m.mime2DecodedSubject == args[3]);
await until(() => args[4] == "new" ? found() : args[4] == "flagged" ? found()?.isFlagged : !found(), args[4] + " of " + args[3]);
return true;
"""

FORGET = TOOLS + """
server.closeCachedConnections();
return true;
"""


@pytest.fixture
def account(house, thunderbird):
    with open(house.path("passwords"), encoding="utf-8") as f:
        password = dict(line.split() for line in f)[USER]
    proxy = Proxy(house.IMAP_PORT)
    key = thunderbird.run(INCOMING, "imap", names_of(house)[0], proxy.port, USER, password, PLAIN, ENCRYPTED)
    thunderbird.run("Services.prefs.setBoolPref(`mail.server.${args[0]}.use_condstore`, true);", key)
    yield proxy, key, password
    thunderbird.run(SETUP + "for (const a of MailServices.accounts.accounts.slice()) { try {"
                    "MailServices.accounts.removeAccount(a, true); } catch (e) {} } return true;")
    proxy.close()


def test_thunderbird_lives_in_an_imap_account(house, thunderbird, account):
    proxy, key, password = account
    mark = uuid.uuid4().hex[:8]
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login(USER, password)
    letters, work = f"手紙{mark}", f"仕事{mark}"
    source = f"&Ykt9GQ-{mark}"
    i.create(source)
    i.subscribe(source)
    for n, word in enumerate(("探す言葉", "別の言葉", "探すもう一つ")):
        i.append(source, None, None, f"Message-ID: <{n}.{mark}@x.test>\r\nSubject: {n} {mark}\r\nMIME-Version: 1.0\r\n"
                 f"Content-Type: text/plain; charset=utf-8\r\n\r\n{word}\r\n".encode())

    def tell(script, *args):
        return thunderbird.run(script, key, password, *args)
    tell(DISCOVER, letters)
    assert b"AUTHENTICATE CRAM-MD5" in proxy.heard().upper()
    tell(MAKE, letters, work)
    target = f"{source}.&TtVOiw-{mark}"
    assert any(target.encode() in line for line in i.lsub()[1])
    assert tell(LOOK, letters, 3) == [[f"{n} {mark}", False, False] for n in range(3)]
    # What it does, the server has.
    tell(FLAG_AND_MOVE, letters, work, f"0 {mark}", f"1 {mark}")
    house.wait_for(lambda: i.select(target) == ("OK", [b"1"]), "the move")
    i.select(source)

    def flags():
        i.noop()
        return {f.lower() for f in imaplib.ParseFlags(i.fetch("1", "(FLAGS)")[1][0])}
    house.wait_for(lambda: flags() >= {rb"\seen", rb"\flagged", b"$label2"}, "the flags")
    proxy.heard()
    assert tell(SEARCH, letters, "探す") == [f"0 {mark}", f"2 {mark}"]
    assert b"SEARCH" in proxy.heard().upper()
    # What others do, it has as it happens.
    tell(LOOK, letters, 2)
    i.append(source, None, None, f"Subject: pushed {mark}\r\n\r\nx\r\n".encode())
    tell(WAIT_FOR, letters, f"pushed {mark}", "new")
    i.noop()
    i.store("2", "+FLAGS", r"(\Flagged)")
    tell(WAIT_FOR, letters, f"2 {mark}", "flagged")
    # And what happened while it was away.
    tell(FORGET)
    i.store("1", "-FLAGS", r"(\Flagged)")
    i.store("2", "+FLAGS", r"(\Deleted)")
    i.expunge()
    proxy.heard()
    assert tell(LOOK, letters, 2) == [[f"0 {mark}", True, False], [f"pushed {mark}", False, False]]
    assert b"CHANGEDSINCE" in proxy.heard()
    i.logout()

# SPDX-License-Identifier: ISC
"""Thunderbird, headless: POP3, SMTP and IMAP without connection security and with "encrypted
password", then all three with TLS, under both of the house's server names."""
import uuid

import pytest

PLAIN, STARTTLS, TLS = 0, 2, 3
CLEARTEXT, ENCRYPTED = 3, 4

SETUP = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
"""

INCOMING = SETUP + """
const [type, host, port, user, password, security, auth] = args;
const server = MailServices.accounts.createIncomingServer(user, host, type);
server.port = port; server.socketType = security; server.authMethod = auth; server.password = password;
server.biffMinutes = 0; server.doBiff = false; server.loginAtStartUp = false;
if (type == "pop3") { server.QueryInterface(Ci.nsIPop3IncomingServer).leaveMessagesOnServer = true; }
const account = MailServices.accounts.createAccount();
account.incomingServer = server;
const identity = MailServices.accounts.createIdentity();
identity.email = user + "@example.test";
account.addIdentity(identity);
return server.key;
"""

FETCH = SETUP + """
const [key, mark] = args;
const server = MailServices.accounts.getIncomingServer(key);
server.password = args[2];
const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
const once = () => new Promise((resolve, reject) => {
    const listener = {
        QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
        OnStartRunningUrl() {},
        OnStopRunningUrl(url, status) {
            if (Components.isSuccessCode(status)) resolve(); else reject(new Error("status 0x" + status.toString(16)));
        },
    };
    if (server.type == "pop3") MailServices.pop3.GetNewMail(null, listener, inbox, server.QueryInterface(Ci.nsIPop3IncomingServer));
    else inbox.QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener);
});
const subjects = () => Array.from(inbox.msgDatabase.enumerateMessages(), m => m.mime2DecodedSubject);
let seen = [];
for (let tries = 0; tries < 200; tries++) { /* headers may arrive after the URL is done */
    if (tries == 0) await once();
    seen = subjects();
    if (seen.includes(mark)) break;
    await new Promise(resolve => { const t = Cc["@mozilla.org/timer;1"].createInstance(Ci.nsITimer);
        t.initWithCallback(resolve, 50, Ci.nsITimer.TYPE_ONE_SHOT); });
}
return seen;
"""

SEND = SETUP + """
const [host, port, user, password, security, auth, to, subject] = args;
let smtp;
if (MailServices.outgoingServer) {
    smtp = MailServices.outgoingServer.createServer("smtp").QueryInterface(Ci.nsISmtpServer);
} else {
    smtp = MailServices.smtp.createServer();
}
smtp.hostname = host; smtp.port = port; smtp.username = user; smtp.password = password;
smtp.socketType = security; smtp.authMethod = auth;
const identity = MailServices.accounts.createIdentity();
identity.email = user + "@example.test"; identity.smtpServerKey = smtp.key; identity.doFcc = false;
const account = MailServices.accounts.createAccount();
account.incomingServer = MailServices.accounts.createIncomingServer(user + port + host, "nowhere.invalid", "none");
account.addIdentity(identity);
const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
fields.to = to; fields.from = identity.email; fields.subject = subject;
const file = Services.dirsvc.get("TmpD", Ci.nsIFile);
file.append("twinpost-" + subject + ".eml");
await IOUtils.writeUTF8(file.path, "From: " + identity.email + "\\r\\nTo: " + to + "\\r\\nSubject: " + subject +
    "\\r\\nMIME-Version: 1.0\\r\\nContent-Type: text/plain\\r\\n\\r\\nfrom Thunderbird\\r\\n");
return await new Promise((resolve, reject) => {
    const listener = {
        QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
        onStartSending() {}, onProgress() {}, onSendProgress() {}, onStatus() {}, onGetDraftFolderURI() {},
        onSendNotPerformed() { reject(new Error("not performed")); }, onTransportSecurityError(id, status) {
            reject(new Error("security 0x" + status.toString(16))); },
        onStopSending(id, status, message) {
            if (Components.isSuccessCode(status)) resolve(true);
            else reject(new Error("status 0x" + status.toString(16) + " " + message));
        },
    };
    const send = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
    send.sendMessageFile(identity, account.key, fields, file, true, false, Ci.nsIMsgSend.nsMsgDeliverNow, null,
        listener, null, "");
});
"""


def names_of(house):
    return house.SERVER_NAMES.split()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("kind, ports, auth", [
    ("plain", {"smtp": ("SMTP_PORT", PLAIN), "submission": ("SUBMISSION_PORT", PLAIN), "imap": ("IMAP_PORT", PLAIN),
               "pop3": ("POP3_PORT", PLAIN)}, ENCRYPTED),
    ("starttls", {"smtp": ("SMTP_PORT", STARTTLS), "submission": ("SUBMISSION_PORT", STARTTLS),
                  "imap": ("IMAP_PORT", STARTTLS), "pop3": ("POP3_PORT", STARTTLS)}, CLEARTEXT),
    ("tls", {"submission": ("SUBMISSIONS_PORT", TLS), "imap": ("IMAPS_PORT", TLS), "pop3": ("POP3S_PORT", TLS)}, CLEARTEXT),
])
def test_thunderbird_sends_and_fetches(house, thunderbird, which, kind, ports, auth):
    host = names_of(house)[which]
    for service in ("smtp", "submission"):
        if service not in ports:
            continue
        port, security = ports[service]
        mark = uuid.uuid4().hex
        thunderbird.run(SEND, host, getattr(house, port), "ann", house.PASS1, security, auth, "taro@example.test", mark)
        house.wait_for_mail("taro", mark)
        for incoming in ("imap", "pop3"):
            port, security = ports[incoming]
            key = thunderbird.run(INCOMING, incoming, host, getattr(house, port), "taro", house.PASS2, security, auth)
            assert mark in thunderbird.run(FETCH, key, mark, house.PASS2), f"{incoming} at {host} {kind}"
        thunderbird.run(SETUP + "for (const a of MailServices.accounts.accounts.slice()) { try {"
                        "MailServices.accounts.removeAccount(a, true); } catch (e) {} } return true;")

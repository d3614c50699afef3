"""Does a mail program's whole job over IMAP with imaplib, as the JSON on standard input says; prints what it saw."""

import imaplib
import json
import ssl
import sys

job = json.load(sys.stdin)
context = ssl.create_default_context(cafile=job["authority"])


def connect():
    client = imaplib.IMAP4_SSL("localhost", job["imap"], ssl_context=context)
    if job["mechanism"] == "PLAIN":
        secret = ("\0" + job["address"] + "\0" + job["password"]).encode("utf-8")
        client.authenticate("PLAIN", lambda challenge: secret)
    else:
        client.login(job["address"], job["password"])
    return client


def ok(answer):
    status, data = answer
    if status != "OK":
        raise SystemExit("the server said %s %r" % (status, data))
    return data


def texts(data):
    return [part.decode("ascii") for part in data if isinstance(part, bytes)]


seen = {}
one, two = connect(), connect()
seen["mailboxes"] = texts(ok(one.list()))
for index, letter in enumerate(job["letters"]):
    ok(one.append("INBOX", r"(\Seen)" if index == 0 else None, '"17-Jul-1996 02:44:25 -0700"', letter.encode("ascii")))
seen["count"] = texts(ok(one.select("INBOX")))
ok(two.select("INBOX"))
seen["letters"] = [
    ok(one.fetch(str(number + 1), "(BODY.PEEK[])"))[0][1].decode("ascii") for number in range(len(job["letters"]))
]
seen["flags"] = texts(ok(one.fetch("1:*", "(FLAGS INTERNALDATE)")))
seen["envelope"] = texts(ok(one.fetch("1", "(ENVELOPE)")))
ok(one.store("1", "+FLAGS", r"(\Deleted)"))
ok(one.expunge())
# What the one did the other is told when its next command ends.
ok(two.noop())
seen["told"] = texts(two.response("EXPUNGE")[1])
seen["uids"] = texts(ok(two.fetch("1:*", "(UID)")))
seen["status"] = texts(ok(two.status("INBOX", "(MESSAGES UIDNEXT)")))
ok(two.close())
for client in (one, two):
    client.logout()
json.dump(seen, sys.stdout)

"""Fetches a maildrop with poplib, as the JSON on standard input says, and prints what it got as JSON."""

import json
import poplib
import ssl
import sys

# The library takes lines of at most 2048 octets, which a letter may not have anyway.
job = json.load(sys.stdin)
context = ssl.create_default_context(cafile=job["authority"])


def connect(door):
    if door == "implicit":
        return poplib.POP3_SSL("localhost", job["pop3"], context=context)
    client = poplib.POP3("localhost", job["pop3_stls"])
    client.stls(context=context)
    return client


def text(lines):
    return "".join(line.decode("utf-8") + "\n" for line in lines)


got = {}
for door in ["implicit", "stls"]:
    client = connect(door)
    got["capabilities"] = client.capa()
    client.utf8()
    client.user(job["address"])
    client.pass_(job["password"])
    count, size = client.stat()
    listing = client.list()[1]
    ids = [line.decode("ascii") for line in client.uidl()[1]]
    assert len(listing) == len(ids) == count
    got[door] = {
        "size": size,
        "sizes": [int(line.split()[1]) for line in listing],
        "ids": ids,
        "one": [client.list(1).decode("ascii"), client.uidl(1).decode("ascii")],
        "letters": [text(client.retr(number)[1]) for number in range(1, count + 1)],
        "top": text(client.top(1, 2)[1]),
    }
    client.noop()
    client.dele(1)
    client.rset()
    client.quit()

client = connect("implicit")
client.user(job["address"])
client.pass_(job["password"])
second = connect("implicit")
second.user(job["address"])
try:
    second.pass_(job["password"])
except poplib.error_proto as error:
    got["in_use"] = error.args[0].decode("ascii")
for number in job["remove"]:
    client.dele(number)
got["quit"] = client.quit().decode("ascii")
second.user(job["address"])
second.pass_(job["password"])
got["left"] = second.stat()[0]
second.quit()
json.dump(got, sys.stdout)

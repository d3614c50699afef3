"""Sends letters with smtplib and reads them with urllib, as the JSON on standard input says."""

import base64
import json
import smtplib
import ssl
import sys
import urllib.request

job = json.load(sys.stdin)
context = ssl.create_default_context(cafile=job["authority"])
address = job["address"]


def connect(door):
    if door == "implicit":
        return smtplib.SMTP_SSL("localhost", job["submissions"], context=context)
    client = smtplib.SMTP("localhost", job["submission"])
    client.starttls(context=context)
    return client


for sending in job["letters"]:
    with connect(sending["door"]) as client:
        client.ehlo()
        # What the library calls by itself, or one mechanism that it knows and the server announces.
        mechanism = sending["mechanism"]
        if mechanism is None:
            client.login(address, job["password"])
        else:
            client.user, client.password = address, job["password"]
            client.auth(mechanism, getattr(client, "auth_" + mechanism.lower().replace("-", "_")))
        client.sendmail(address, [address], sending["letter"].encode("ascii"))

credentials = base64.b64encode((address + ":" + job["password"]).encode("utf-8")).decode("ascii")


def get(path, accept):
    request = urllib.request.Request(
        "https://localhost:%d%s" % (job["https"], path),
        headers={"Authorization": "Basic " + credentials, "Accept": accept},
    )
    with urllib.request.urlopen(request, context=context) as answer:
        return answer.read().decode("ascii")


page = "/letters/" + urllib.request.quote(address)
listed = json.loads(get(page, "application/json"))["letters"]
json.dump(
    {
        "letters": [get(letter["url"], "message/rfc822") for letter in listed],
        "shown": get(page, "text/plain"),
        "mbox": get(page, "application/mbox"),
    },
    sys.stdout,
)

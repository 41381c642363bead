"""A client that minds its own business: calls a harmless server until its stdin ends, then says
how long its calls took, in milliseconds.
"""

import json
import select
import sys
import time

from wire import Session

session = Session(sys.argv[1])
session.open("neighbour")
session.call("calm__now")
print("ready", flush=True)
took, wrong = [], 0
while not select.select([sys.stdin], [], [], 0.005)[0]:
    began = time.perf_counter()
    reply = session.call("calm__now")
    took.append((time.perf_counter() - began) * 1000)
    wrong += "result" not in reply
took.sort()
at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
print(json.dumps({"calls": len(took), "wrong": wrong, "p50": at(0.5), "p99": at(0.99), "worst": took[-1]}))

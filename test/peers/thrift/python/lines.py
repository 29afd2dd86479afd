"""The line protocol with the test: a JSON object per line in, one per line out, in any order."""

import json
import os
import sys
import threading

from thrift.Thrift import TApplicationException

_lock = threading.Lock()


def say(line):
    with _lock:
        sys.stdout.write(line + '\n')
        sys.stdout.flush()


def serve(ready, handle):
    """Serves until the input ends, which is also how a peer learns that its test died; then leaves at once."""
    say('READY ' + json.dumps(ready))
    for line in sys.stdin:
        threading.Thread(target=_answer, args=(json.loads(line), handle), daemon=True).start()
    os._exit(0)


def _answer(command, handle):
    reply = {'id': command['id']}
    try:
        reply['ok'] = handle(command)
    except Exception as failure:
        reply['error'] = describe(failure)
    say(json.dumps(reply))


def describe(failure):
    description = {'class': type(failure).__name__, 'message': str(failure)}
    if isinstance(failure, TApplicationException):
        description['message'] = failure.message
        description['type'] = failure.type
    if hasattr(failure, 'account'):
        description['account'] = failure.account
        description['code'] = failure.code
    return description

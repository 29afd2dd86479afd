"""Serves on one or more loopback ports. Argument: {"exports": [{"name", "transport", "protocol", ...}]}."""

import json
import sys
import threading
import time

from calls import Calls, Others
from calls.ttypes import AccountException, Answer
from thrift.server.TServer import TThreadedServer
from thrift.Thrift import TProcessor
from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.transport.TSocket import TServerSocket

import lines
import wire as wires


class Handler:
    def __init__(self, name):
        self.name = name
        self.served = 0
        self.noted_texts = []
        self.current = threading.local()

    def nothing(self):
        pass

    def echoString(self, text):
        return text

    def echoBinary(self, bytes):
        return bytes

    def echoEverything(self, value):
        return value

    def echoList(self, items):
        return items

    def echoMap(self, items):
        return items

    def who(self, token):
        return self._answer(token)

    def slow(self, milliseconds, token):
        time.sleep(milliseconds / 1000)
        return self._answer(token)

    def pick(self, flag, tiny, small, number, big, real, text, color):
        return self._answer(text)

    def fail(self, account):
        raise AccountException(account, 42)

    def crash(self, reason):
        raise RuntimeError(reason)

    def note(self, text):
        self.noted_texts.append(text)

    def noted(self):
        return self.noted_texts

    def _answer(self, token):
        transport = self.current.transport
        headers = {}
        if hasattr(transport, 'get_headers'):
            headers = wires.texts(transport.get_headers())
            transport.set_header(b'provider', self.name.encode())
        return Answer(self.name, token, headers)


class Observer(TProcessor):
    """Handlers are not told which connection they serve: this keeps its transport for the thread."""

    def __init__(self, inner, handler, wire):
        self.inner = inner
        self.handler = handler
        self.wire = wire

    def process(self, iprot, oprot):
        current = self.handler.current
        if getattr(current, 'transport', None) is None:
            current.transport = iprot.trans
            wires.add_transforms(iprot.trans, self.wire)
        result = self.inner.process(iprot, oprot)
        self.handler.served += 1
        return result


def processor(handler, multiplexed):
    if not multiplexed:
        return Calls.Processor(handler)
    inner = TMultiplexedProcessor()
    inner.registerProcessor('Calls', Calls.Processor(handler))
    inner.registerProcessor('Others', Others.Processor(handler))
    return inner


def export(wire):
    handler = Handler(wire['name'])
    socket = TServerSocket('127.0.0.1', wire.get('port', 0))
    socket.listen()
    port = socket.handle.getsockname()[1]
    socket.listen = lambda: None
    server = TThreadedServer(
        Observer(processor(handler, wire.get('multiplexed')), handler, wire),
        socket,
        wires.transport_factory(wire),
        wires.protocol_factory(wire),
        daemon=True,
    )
    threading.Thread(target=server.serve, daemon=True).start()
    return handler, port


def main():
    exports = {wire['name']: export(wire) for wire in json.loads(sys.argv[1])['exports']}

    def handle(command):
        if command['op'] == 'served':
            return {name: handler.served for name, (handler, _) in exports.items()}
        raise ValueError('no such command: ' + command['op'])

    lines.serve({'ports': {name: port for name, (_, port) in exports.items()}}, handle)


main()

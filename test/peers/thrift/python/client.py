"""Calls what the test tells it to call."""

import base64
import threading
import time

from calls import Calls, LaterCalls, Others
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol
from thrift.transport.TSocket import TSocket

import lines
import shapes
import wire as wires

SERVICES = {'Calls': LaterCalls, 'Others': Others}


class Connection:
    """One connection, one call at a time, as this library's clients are."""

    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.Lock()
        self.header = settings['transport'] == 'header'
        self.connect()

    def connect(self):
        settings = self.settings
        socket = TSocket('127.0.0.1', settings['port'])
        socket.setTimeout(settings.get('timeout', 10000))
        self.transport = wires.transport_factory(settings).getTransport(socket)
        protocol = wires.protocol_factory(settings).getProtocol(self.transport)
        self.header_transport = protocol.trans if self.header else None
        if self.header:
            wires.add_transforms(protocol.trans, settings)
        service = settings.get('service', 'Calls')
        if settings.get('multiplexed'):
            protocol = TMultiplexedProtocol(protocol, settings.get('serviceName', service))
        self.client = SERVICES[service].Client(protocol)
        self.transport.open()

    def call(self, method, args, headers):
        with self.lock:
            if self.header:
                for key, value in headers.items():
                    self.header_transport.set_header(key.encode(), value.encode())
            value = getattr(self.client, method)(*args)
            answered = wires.texts(self.header_transport.get_headers()) if self.header else {}
            return value, answered

    def close(self):
        self.transport.close()


class Load:
    def __init__(self, settings, command):
        self.settings = settings
        self.command = command
        self.lock = threading.Lock()
        self.stopped = False
        self.started = self.ended = self.mixed = 0
        self.by_provider = {}
        self.failures = {}
        self.samples = []

    def run(self):
        start = time.monotonic()
        end = start + self.command.get('milliseconds', 30000) / 1000
        workers = [threading.Thread(target=self.work, args=(end,), daemon=True) for _ in range(self.command.get('threads', 4))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(max(0, end - time.monotonic()) + 12)
        return {
            'calls': self.started, 'lost': self.started - self.ended, 'mixed': self.mixed, 'byProvider': self.by_provider,
            'failures': self.failures, 'samples': self.samples, 'milliseconds': round((time.monotonic() - start) * 1000),
        }

    def work(self, end):
        connection = None
        while not self.stopped and time.monotonic() < end:
            with self.lock:
                number = self.started
                if number >= self.command.get('calls', 1 << 31):
                    return
                self.started += 1
            try:
                connection = connection or Connection(self.settings)
                self.one(connection, 'load-%d-%d' % (id(self), number))
            except Exception as failure:
                connection = self.failed(connection, failure)
            with self.lock:
                self.ended += 1
            time.sleep(self.command.get('pause', 0) / 1000)
        if connection:
            connection.close()

    def one(self, connection, token):
        slow = self.command.get('slow', 0)
        args = (slow, token) if slow > 0 else (token,)
        answer, _ = connection.call('slow' if slow > 0 else 'who', args, self.command.get('headers', {}))
        with self.lock:
            if answer.token != token:
                self.mixed += 1
            self.by_provider[answer.provider] = self.by_provider.get(answer.provider, 0) + 1

    def failed(self, connection, failure):
        """What to go on with: a connection that failed is not fit for another call, one that answered is."""
        described = lines.describe(failure)
        kind = described['class'] + ('/%s' % described['type'] if 'type' in described else '')
        with self.lock:
            self.failures[kind] = self.failures.get(kind, 0) + 1
            if len(self.samples) < 5:
                self.samples.append(described['message'])
        if described['class'] == 'TApplicationException' or connection is None:
            return connection
        connection.close()
        return None


connections = {}
loads = {}


def plain(value):
    """As JSON has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, '__dict__'):
        return {key: plain(item) for key, item in vars(value).items()}
    return value


def large(connection, command):
    size = command['bytes']
    binary = command.get('type') == 'binary'
    value = bytes(range(256)) * (size // 256) if binary else '0123456789abcdef' * (size // 16)
    back, _ = connection.call('echoBinary' if binary else 'echoString', (value,), {})
    return {'length': len(back), 'equal': back == value}


def handle(command):
    op = command['op']
    if op == 'stop':
        return loads[command['name']].__setattr__('stopped', True)
    on = command['on']
    if op == 'open':
        connections[on] = Connection(command)
        return None
    connection = connections[on]
    if op == 'call':
        value, headers = connection.call(command['method'], command.get('args', []), command.get('headers', {}))
        return {'value': plain(value), 'headers': headers}
    if op == 'suite':
        only = command.get('only')
        return {name: suite_one(connection, name, method, value) for name, method, value in shapes.SHAPES if not only or name in only}
    if op == 'large':
        return large(connection, command)
    if op == 'load':
        load = loads[command.get('name', 'load')] = Load(connection.settings, command)
        return load.run()
    if op == 'close':
        return connections.pop(on).close()
    raise ValueError('no such command: ' + op)


def suite_one(connection, name, method, value):
    try:
        with connection.lock:
            return shapes.compare(connection.client, name, method, value)
    except Exception as failure:
        connection.close()
        connection.connect()
        return '%s: %s' % (type(failure).__name__, failure)


lines.serve({}, handle)

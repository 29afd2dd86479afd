"""An HTTP/2 client on the library h2, over a blocking socket. It speaks the line protocol with the test.

Its one command is `exchange`: requests that share one connection, all in flight at the same time. Bodies are base64.
"""

import base64
import json
import os
import socket
import ssl
import sys
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

TIMEOUT_SECONDS = 30
READ_BYTES = 1 << 16


class Exchange:
    """One connection and the requests on it."""

    def __init__(self, command):
        self.padding = command.get('padding', 0)
        self.priority = command.get('priority', False)
        self.command = command
        self.socket = connect(command)
        config = h2.config.H2Configuration(client_side=True, header_encoding='utf-8')
        self.connection = h2.connection.H2Connection(config=config)
        self.pending = {}
        self.answers = {}
        self.open = set()
        self.goaway = None

    def run(self):
        try:
            settings = {h2.settings.SettingCodes.ENABLE_PUSH: 0}
            if 'window' in self.command:
                settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = self.command['window']
            if 'tableBytes' in self.command:
                settings[h2.settings.SettingCodes.HEADER_TABLE_SIZE] = self.command['tableBytes']
            self.connection.local_settings = h2.settings.Settings(client=True, initial_values=settings)
            self.connection.initiate_connection()
            streams = [self.start(request) for request in self.command['requests']]
            self.flush()
            while self.open:
                self.read()
            self.connection.close_connection()
            self.flush()
            return {'answers': [self.answers[stream] for stream in streams], 'goaway': self.goaway}
        finally:
            self.socket.close()

    def start(self, request):
        stream = self.connection.get_next_available_stream_id()
        body = base64.b64decode(request.get('body', ''))
        trailers = request.get('trailers')
        headers = [
            (':method', request.get('method', 'GET')),
            (':scheme', 'https' if self.command.get('tls') else 'http'),
            (':authority', request.get('authority', '%s:%d' % (self.command['host'], self.command['port']))),
            (':path', request['path']),
            *((name, value) for name, value in request.get('headers', [])),
        ]
        ends = not body and trailers is None
        extra = dict(priority_weight=200, priority_depends_on=0, priority_exclusive=False) if self.priority else {}
        self.connection.send_headers(stream, headers, end_stream=ends, **extra)
        if self.priority:
            self.connection.prioritize(stream, weight=16)
        self.answers[stream] = {'status': 0, 'headers': [], 'body': bytearray(), 'trailers': [], 'interim': [], 'reset': None}
        self.open.add(stream)
        if not ends:
            self.pending[stream] = (memoryview(body), trailers)
            self.send(stream)
        return stream

    def send(self, stream):
        """As much of a body as the windows allow; what is left waits for the next WINDOW_UPDATE."""
        body, trailers = self.pending[stream]
        while len(body) > 0:
            window = self.connection.local_flow_control_window(stream) - self.padding - 1
            size = min(window, self.connection.max_outbound_frame_size - self.padding - 1, len(body))
            if size <= 0:
                self.pending[stream] = (body, trailers)
                return
            last = size == len(body) and trailers is None
            pad = self.padding if self.padding > 0 else None
            self.connection.send_data(stream, body[:size].tobytes(), end_stream=last, pad_length=pad)
            body = body[size:]
        if trailers is not None:
            self.connection.send_headers(stream, [(name, value) for name, value in trailers], end_stream=True)
        del self.pending[stream]

    def read(self):
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError('the connection was closed with %d requests open' % len(self.open))
        for event in self.connection.receive_data(data):
            self.take(event)
        for stream in list(self.pending):
            self.send(stream)
        self.flush()

    def take(self, event):
        answer = self.answers.get(getattr(event, 'stream_id', None))
        if isinstance(event, h2.events.InformationalResponseReceived):
            answer['interim'].append(int(dict(event.headers)[':status']))
        elif isinstance(event, h2.events.ResponseReceived):
            answer['status'] = int(dict(event.headers)[':status'])
            answer['headers'] = [list(field) for field in event.headers if not field[0].startswith(':')]
        elif isinstance(event, h2.events.DataReceived):
            answer['body'] += event.data
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer['trailers'] = [list(field) for field in event.headers]
        elif isinstance(event, h2.events.StreamEnded):
            self.end(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            answer['reset'] = h2.errors.ErrorCodes(event.error_code).name
            self.end(event.stream_id)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = h2.errors.ErrorCodes(event.error_code).name
            if self.goaway != 'NO_ERROR':
                raise ConnectionError('GOAWAY %s' % self.goaway)

    def end(self, stream):
        if stream not in self.open:
            return
        self.open.remove(stream)
        self.pending.pop(stream, None)
        answer = self.answers[stream]
        answer['body'] = base64.b64encode(bytes(answer['body'])).decode('ascii')

    def flush(self):
        self.socket.sendall(self.connection.data_to_send())


def connect(command):
    raw = socket.create_connection((command['host'], command['port']), timeout=TIMEOUT_SECONDS)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not command.get('tls'):
        return raw
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(['h2'])
    secured = context.wrap_socket(raw, server_hostname='localhost')
    if secured.selected_alpn_protocol() != 'h2':
        raise ConnectionError('ALPN chose %s' % secured.selected_alpn_protocol())
    return secured


_lock = threading.Lock()


def say(line):
    with _lock:
        sys.stdout.write(line + '\n')
        sys.stdout.flush()


def answer(command):
    reply = {'id': command['id']}
    try:
        reply['ok'] = Exchange(command).run()
    except Exception as failure:
        reply['error'] = {'class': type(failure).__name__, 'message': str(failure)}
    say(json.dumps(reply))


def main():
    say('READY {}')
    for line in sys.stdin:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()
    os._exit(0)


main()

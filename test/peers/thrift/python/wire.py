"""What a transport and an encoding are in this library."""

from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.protocol.TCompactProtocol import TCompactProtocolFactory
from thrift.protocol.THeaderProtocol import THeaderProtocolFactory
from thrift.protocol.TJSONProtocol import TJSONProtocolFactory
from thrift.transport.THeaderTransport import THeaderSubprotocolID, THeaderTransformID
from thrift.transport.TTransport import TBufferedTransportFactory, TFramedTransportFactory

MAX_LENGTH = 64 * 1024 * 1024


def transport_factory(wire):
    return TFramedTransportFactory() if wire['transport'] == 'framed' else TBufferedTransportFactory()


def protocol_factory(wire):
    protocol = wire['protocol']
    if wire['transport'] == 'header':
        compact = protocol == 'compact'
        return THeaderProtocolFactory(default_protocol=THeaderSubprotocolID.COMPACT if compact else THeaderSubprotocolID.BINARY)
    if protocol == 'compact':
        return TCompactProtocolFactory()
    if protocol == 'json':
        return TJSONProtocolFactory()
    strict = protocol == 'binary'
    return TBinaryProtocolFactory(strictRead=strict, strictWrite=strict, string_length_limit=MAX_LENGTH)


def add_transforms(transport, wire):
    for name in wire.get('transforms', ()):
        if name != 'zlib':
            raise ValueError('this library has no transform ' + name)
        transport.add_transform(THeaderTransformID.ZLIB)


def texts(headers):
    return {key.decode(): value.decode() for key, value in headers.items()}

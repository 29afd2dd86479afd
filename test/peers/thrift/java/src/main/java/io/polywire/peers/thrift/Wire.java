package io.polywire.peers.thrift;

import java.util.List;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TJSONProtocol;
import org.apache.thrift.protocol.TProtocolFactory;
import org.apache.thrift.transport.TTransportFactory;
import org.apache.thrift.transport.layered.TFramedTransport;

/** What both sides must agree on. Filled from JSON. */
class Wire {
  String transport;
  String protocol;
  boolean multiplexed;
  List<String> transforms = List.of();

  boolean framed() {
    return switch (transport) {
      case "framed" -> true;
      case "unframed" -> false;
      default -> throw new IllegalArgumentException("this library has no transport " + transport);
    };
  }

  TTransportFactory transportFactory() {
    return framed() ? new TFramedTransport.Factory() : new TTransportFactory();
  }

  TProtocolFactory protocolFactory() {
    return switch (protocol) {
      case "binary" -> new TBinaryProtocol.Factory(true, true);
      case "binary-old" -> new TBinaryProtocol.Factory(false, false);
      case "compact" -> new TCompactProtocol.Factory();
      case "json" -> new TJSONProtocol.Factory();
      default -> throw new IllegalArgumentException("this library has no protocol " + protocol);
    };
  }
}

package io.polywire.peers.thrift;

import com.google.gson.JsonArray;
import io.polywire.peers.thrift.calls.Color;
import io.polywire.peers.thrift.calls.LaterCalls;
import io.polywire.peers.thrift.calls.Others;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.Arrays;
import org.apache.thrift.protocol.TMultiplexedProtocol;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.TTransport;
import org.apache.thrift.transport.TTransportException;

/** One connection, one call at a time, as this library's clients are. */
final class Connection {
  static final class Settings extends Wire {
    int port;
    String service = "Calls";
    String serviceName;
    int timeout = 10_000;
  }

  final Settings settings;
  private TTransport transport;
  private Object client;

  Connection(Settings settings) throws TTransportException {
    this.settings = settings;
    connect();
  }

  void connect() throws TTransportException {
    TSocket socket = new TSocket("127.0.0.1", settings.port, settings.timeout);
    transport = settings.transportFactory().getTransport(socket);
    TProtocol protocol = settings.protocolFactory().getProtocol(transport);
    if (settings.multiplexed) {
      protocol = new TMultiplexedProtocol(protocol, settings.serviceName == null ? settings.service : settings.serviceName);
    }
    client = settings.service.equals("Others") ? new Others.Client(protocol) : new LaterCalls.Client(protocol);
    transport.open();
  }

  void close() {
    transport.close();
  }

  /** Arguments as values of the method's parameter types. */
  synchronized Object call(String method, Object... args) throws ReflectiveOperationException {
    return find(method).invoke(client, args);
  }

  Object call(String method, JsonArray args) throws ReflectiveOperationException {
    Type[] types = find(method).getGenericParameterTypes();
    Object[] values = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      values[i] = types[i] == Color.class ? Color.findByValue(args.get(i).getAsInt()) : Commands.GSON.fromJson(args.get(i), types[i]);
    }
    return call(method, values);
  }

  private Method find(String name) {
    return Arrays.stream(client.getClass().getMethods())
        .filter(method -> method.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such method: " + name));
  }
}

package io.polywire.peers.thrift;

import io.polywire.peers.thrift.calls.Calls;
import io.polywire.peers.thrift.calls.Others;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.thrift.TMultiplexedProcessor;
import org.apache.thrift.TProcessor;
import org.apache.thrift.server.THsHaServer;
import org.apache.thrift.server.TServer;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.server.TThreadedSelectorServer;
import org.apache.thrift.transport.TNonblockingServerSocket;
import org.apache.thrift.transport.TServerSocket;
import org.apache.thrift.transport.TTransportException;

/** Serves on one or more loopback ports. Argument: {"exports": [{"name", "transport", "protocol", ...}]}. */
public final class Server {
  private static final class Export extends Wire {
    String name;
    int port;
    /** The pool gives a connection a thread; the others select, and need frames. */
    String kind = "pool";
    /** Milliseconds of silence after which the pool closes a connection; 0: never. */
    int idle;
  }

  private static final class Settings {
    Export[] exports;
  }

  private Server() {}

  public static void main(String[] args) throws Exception {
    Map<String, Integer> ports = new LinkedHashMap<>();
    Map<String, AtomicLong> served = new LinkedHashMap<>();
    for (Export export : Commands.GSON.fromJson(args[0], Settings.class).exports) {
      AtomicLong count = new AtomicLong();
      served.put(export.name, count);
      ports.put(export.name, start(export, count));
    }
    Commands.serve(Map.of("ports", ports), command -> {
      if (!command.get("op").getAsString().equals("served")) {
        throw new IllegalArgumentException("no such command: " + command);
      }
      return served;
    });
  }

  private static int start(Export export, AtomicLong served) throws Exception {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), export.port);
    TProcessor inner = processor(export);
    TProcessor processor = (in, out) -> {
      inner.process(in, out);
      served.incrementAndGet();
    };
    if (export.kind.equals("pool")) {
      TServerSocket socket = new TServerSocket(address, export.idle);
      run(new TThreadPoolServer(new TThreadPoolServer.Args(socket).processor(processor).minWorkerThreads(1)
          .transportFactory(export.transportFactory()).protocolFactory(export.protocolFactory())));
      return socket.getServerSocket().getLocalPort();
    }
    TNonblockingServerSocket socket = new TNonblockingServerSocket(address);
    run(export.kind.equals("selector") ? selector(socket, processor, export) : halfSync(socket, processor, export));
    return socket.getPort();
  }

  private static TServer selector(TNonblockingServerSocket socket, TProcessor processor, Export export) {
    return new TThreadedSelectorServer(new TThreadedSelectorServer.Args(socket).processor(processor)
        .transportFactory(export.transportFactory()).protocolFactory(export.protocolFactory()));
  }

  private static TServer halfSync(TNonblockingServerSocket socket, TProcessor processor, Export export) {
    return new THsHaServer(new THsHaServer.Args(socket).processor(processor)
        .transportFactory(export.transportFactory()).protocolFactory(export.protocolFactory()));
  }

  private static void run(TServer server) {
    Commands.thread(server::serve).start();
  }

  private static TProcessor processor(Export export) throws TTransportException {
    CallsHandler handler = new CallsHandler(export.name);
    if (!export.multiplexed) {
      return new Calls.Processor<>(handler);
    }
    TMultiplexedProcessor all = new TMultiplexedProcessor();
    all.registerProcessor("Calls", new Calls.Processor<>(handler));
    all.registerProcessor("Others", new Others.Processor<>(handler));
    return all;
  }
}

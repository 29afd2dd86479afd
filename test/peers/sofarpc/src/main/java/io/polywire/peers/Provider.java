package io.polywire.peers;

import com.alipay.sofa.rpc.config.ApplicationConfig;
import com.alipay.sofa.rpc.config.ProviderConfig;
import com.alipay.sofa.rpc.config.RegistryConfig;
import com.alipay.sofa.rpc.config.ServerConfig;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An unmodified SOFARPC provider. Its one argument is a JSON object: `application`, `registry` (host:port of a ZooKeeper, or absent),
 * `session` (milliseconds that it asks of the registry) and `exports`, each with a `name`, a `port` and optionally `version`, `uniqueId`, `weight`, `dynamic` (false: registered out of service),
 * `parameters`, `threads` and `queue` (of the server's pool), `shutdownWait` (milliseconds).
 * Commands: `served` (calls that arrived, by name), `export` and `unexport` (by name), `stop` (as an orderly SIGTERM).
 */
public final class Provider {
  private record Exported(ServerConfig server, List<ProviderConfig<?>> services) {}

  private final ApplicationConfig application;
  private final RegistryConfig registry;
  private final Map<String, Exported> exported = new HashMap<>();
  private final Map<String, CallServiceImpl> calls = new LinkedHashMap<>();

  private Provider(JsonObject settings) {
    application = new ApplicationConfig().setAppName(Settings.text(settings, "application", "peer-provider"));
    String address = Settings.text(settings, "registry", null);
    registry = address == null ? null : new RegistryConfig().setProtocol("zookeeper").setAddress(address);
    if (registry != null && settings.has("session")) {
      // ZookeeperRegistry asks for a session of three times this.
      registry.setConnectTimeout(settings.get("session").getAsInt() / 3);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    long start = System.nanoTime();
    JsonObject settings = JsonParser.parseString(arguments[0]).getAsJsonObject();
    Provider provider = new Provider(settings);
    for (JsonElement export : settings.getAsJsonArray("exports")) {
      provider.export(export.getAsJsonObject());
    }
    Commands.serve(Map.of("milliseconds", (System.nanoTime() - start) / 1_000_000), provider::handle);
  }

  private Object handle(JsonObject command) {
    switch (Settings.text(command, "op", "")) {
      case "served":
        Map<String, Long> served = new LinkedHashMap<>();
        calls.forEach((name, service) -> served.put(name, service.served.get()));
        return served;
      case "export":
        export(command.getAsJsonObject("export"));
        return true;
      case "unexport":
        unexport(Settings.text(command, "name", ""));
        return true;
      case "stop":
        // SOFARPC's shutdown hook waits for calls in flight.
        Daemons.thread(() -> System.exit(0)).start();
        return true;
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private synchronized void export(JsonObject export) {
    String name = Settings.text(export, "name", "provider");
    CallServiceImpl call = calls.computeIfAbsent(name, each -> new CallServiceImpl(each, Baggage::seen));
    ServerConfig server = server(export);
    List<ProviderConfig<?>> services =
        List.of(
            service(export, server, EchoService.class, new EchoServiceImpl()),
            service(export, server, CallService.class, call),
            service(export, server, NoteService.class, new NoteServiceImpl(call)));
    services.forEach(ProviderConfig::export);
    exported.put(name, new Exported(server, services));
  }

  private synchronized void unexport(String name) {
    Exported found = exported.remove(name);
    if (found == null) {
      throw new IllegalArgumentException("nothing exported as " + name);
    }
    found.services().forEach(ProviderConfig::unExport);
    found.server().destroy();
  }

  private static ServerConfig server(JsonObject export) {
    ServerConfig server = new ServerConfig();
    server.setProtocol("bolt");
    server.setBoundHost("127.0.0.1");
    server.setHost("127.0.0.1");
    // What it registers and says of itself: without these, the machine's own address.
    server.setVirtualHost("127.0.0.1");
    server.setPort(export.get("port").getAsInt());
    // Never another port than the one that the test knows.
    server.setAdaptivePort(false);
    server.setDaemon(true);
    server.setStopTimeout(Settings.number(export, "shutdownWait", 1000));
    if (export.has("threads")) {
      server.setCoreThreads(export.get("threads").getAsInt());
      server.setMaxThreads(export.get("threads").getAsInt());
      server.setQueues(Settings.number(export, "queue", 0));
    }
    return server;
  }

  private <T> ProviderConfig<T> service(JsonObject export, ServerConfig server, Class<T> type, T implementation) {
    ProviderConfig<T> service = new ProviderConfig<>();
    service.setApplication(application);
    service.setInterfaceId(type.getName());
    service.setRef(implementation);
    service.setServer(server);
    service.setRegister(registry != null);
    if (registry != null) {
      service.setRegistry(registry);
      service.setDynamic(!export.has("dynamic") || export.get("dynamic").getAsBoolean());
      Settings.texts(export, "parameters").forEach(service::setParameter);
    }
    service.setFilterRef(List.of(new Baggage.Receiver()));
    // One process may export a service on many ports.
    service.setRepeatedExportLimit(-1);
    String version = Settings.text(export, "version", null);
    if (version != null) {
      service.setVersion(version);
    }
    String uniqueId = Settings.text(export, "uniqueId", null);
    if (uniqueId != null) {
      service.setUniqueId(uniqueId);
    }
    if (export.has("weight")) {
      service.setWeight(export.get("weight").getAsInt());
    }
    return service;
  }
}

package io.polywire.peers;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ArgumentConfig;
import org.apache.dubbo.config.MethodConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.rpc.RpcContext;

/**
 * An unmodified Dubbo provider. Its one argument is a JSON object: `application`, `registry` (an address, or absent) and
 * `exports`, each with a `name`, a `port` and optionally `protocol`, `version`, `group`, `tag`, `weight`, `serialization`, `parameters`.
 * Commands: `served` (calls that arrived, by name), `export` and `unexport` (by name), `stop` (as an orderly SIGTERM).
 */
public final class Provider {
  private final JsonObject settings;
  private final Map<String, List<ServiceConfig<?>>> exported = new HashMap<>();
  private final Map<String, CallServiceImpl> calls = new LinkedHashMap<>();

  private Provider(JsonObject settings) {
    this.settings = settings;
  }

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    long start = System.nanoTime();
    Provider provider = new Provider(JsonParser.parseString(arguments[0]).getAsJsonObject());
    for (JsonElement export : provider.settings.getAsJsonArray("exports")) {
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
        // Dubbo's shutdown hook unregisters, tells consumers READONLY and waits for calls in flight.
        Daemons.thread(() -> System.exit(0)).start();
        return true;
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private synchronized void export(JsonObject export) {
    String name = Settings.text(export, "name", "provider");
    CallServiceImpl call = calls.computeIfAbsent(name, each -> new CallServiceImpl(each, Provider::attachments));
    ServiceConfig<ListenService> listen = service(export, ListenService.class, new ListenServiceImpl(name));
    listen.setCallbacks(1000);
    ArgumentConfig callback = new ArgumentConfig();
    callback.setIndex(1);
    callback.setCallback(true);
    MethodConfig subscribe = new MethodConfig();
    subscribe.setName("subscribe");
    subscribe.setArguments(List.of(callback));
    listen.setMethods(List.of(subscribe));

    List<ServiceConfig<?>> services = new ArrayList<>();
    services.add(service(export, EchoService.class, new EchoServiceImpl()));
    services.add(service(export, CallService.class, call));
    // Only the dubbo protocol calls back, and only tri has streams.
    if (Settings.text(export, "protocol", "dubbo").equals("dubbo")) {
      services.add(listen);
    } else {
      Streams.services(name).forEach((type, implementation) -> services.add(untyped(export, type, implementation)));
    }
    services.forEach(ServiceConfig::export);
    exported.put(name, services);
  }

  @SuppressWarnings("unchecked")
  private ServiceConfig<Object> untyped(JsonObject export, Class<?> type, Object implementation) {
    return service(export, (Class<Object>) type, implementation);
  }

  private synchronized void unexport(String name) {
    List<ServiceConfig<?>> services = exported.remove(name);
    if (services == null) {
      throw new IllegalArgumentException("nothing exported as " + name);
    }
    services.forEach(ServiceConfig::unexport);
  }

  private <T> ServiceConfig<T> service(JsonObject export, Class<T> type, T implementation) {
    ProtocolConfig protocol = new ProtocolConfig(Settings.text(export, "protocol", "dubbo"), export.get("port").getAsInt());
    protocol.setId("port" + protocol.getPort());
    protocol.setHost("127.0.0.1");
    String serialization = Settings.text(export, "serialization", null);
    Map<String, String> parameters = Settings.texts(export, "parameters");
    if (serialization != null) {
      protocol.setSerialization(serialization);
      parameters.put("prefer.serialization", serialization);
    }

    ServiceConfig<T> service = new ServiceConfig<>();
    service.setApplication(application());
    service.setRegistry(registry(settings));
    service.setProtocol(protocol);
    service.setInterface(type);
    service.setRef(implementation);
    service.setVersion(Settings.text(export, "version", null));
    service.setGroup(Settings.text(export, "group", null));
    service.setTag(Settings.text(export, "tag", null));
    if (export.has("weight")) {
      service.setWeight(export.get("weight").getAsInt());
    }
    service.setParameters(parameters);
    return service;
  }

  private static Map<String, String> attachments() {
    Map<String, String> seen = new HashMap<>();
    RpcContext.getContext().getObjectAttachments().forEach((key, value) -> seen.put(key, String.valueOf(value)));
    // Dubbo takes the tag out of the map before it calls the service; the context still answers it.
    return seen;
  }

  private ApplicationConfig application() {
    return application(Settings.text(settings, "application", "peer-provider"));
  }

  static ApplicationConfig application(String name) {
    ApplicationConfig application = new ApplicationConfig(name);
    // Its administration port is fixed, so two peers on one machine would clash.
    application.setQosEnable(false);
    return application;
  }

  static RegistryConfig registry(JsonObject settings) {
    RegistryConfig registry = new RegistryConfig(Settings.text(settings, "registry", "N/A"));
    // Interface-level nodes are what a registry adapter reads first; application-level ones are opt-in.
    registry.setParameters(new HashMap<>(Map.of("register-mode", Settings.text(settings, "registerMode", "interface"))));
    return registry;
  }
}

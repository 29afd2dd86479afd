package io.polywire.peers;

import com.alibaba.dubbo.config.ApplicationConfig;
import com.alibaba.dubbo.config.ProtocolConfig;
import com.alibaba.dubbo.config.RegistryConfig;
import com.alibaba.dubbo.config.ServiceConfig;
import com.alibaba.dubbo.rpc.RpcContext;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An unmodified provider of Dubbo 2.6, with the same argument as the newer ones: `application`, `registry` and `exports`, each with a `name`,
 * a `port` and optionally `version`, `group`, `weight` and `parameters`. It exports `CallService`. Commands: `served`, `unexport`, `stop`.
 */
public final class Provider {
  private final JsonObject settings;
  private final Map<String, ServiceConfig<CallService>> exported = new HashMap<>();
  private final Map<String, CallServiceImpl> calls = new LinkedHashMap<>();

  private Provider(JsonObject settings) {
    this.settings = settings;
  }

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    Provider provider = new Provider(JsonParser.parseString(arguments[0]).getAsJsonObject());
    for (JsonElement export : provider.settings.getAsJsonArray("exports")) {
      provider.export(export.getAsJsonObject());
    }
    Commands.serve(Map.of(), provider::handle);
  }

  private Object handle(JsonObject command) {
    switch (Settings.text(command, "op", "")) {
      case "served":
        Map<String, Long> served = new LinkedHashMap<>();
        calls.forEach((name, service) -> served.put(name, service.served.get()));
        return served;
      case "unexport":
        exported.remove(Settings.text(command, "name", "")).unexport();
        return true;
      case "stop":
        // Dubbo's shutdown hook unregisters and waits for calls in flight.
        Daemons.thread(() -> System.exit(0)).start();
        return true;
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private void export(JsonObject export) {
    String name = Settings.text(export, "name", "provider");
    calls.put(name, new CallServiceImpl(name, () -> new HashMap<>(RpcContext.getContext().getAttachments())));
    ProtocolConfig protocol = new ProtocolConfig("dubbo", export.get("port").getAsInt());
    protocol.setHost("127.0.0.1");
    ServiceConfig<CallService> service = new ServiceConfig<>();
    service.setApplication(application(Settings.text(settings, "application", "peer-provider")));
    service.setRegistry(new RegistryConfig(Settings.text(settings, "registry", "N/A")));
    service.setProtocol(protocol);
    service.setInterface(CallService.class);
    service.setRef(calls.get(name));
    service.setVersion(Settings.text(export, "version", null));
    service.setGroup(Settings.text(export, "group", null));
    if (export.has("weight")) {
      service.setWeight(export.get("weight").getAsInt());
    }
    service.setParameters(Settings.texts(export, "parameters"));
    service.export();
    exported.put(name, service);
  }

  static ApplicationConfig application(String name) {
    ApplicationConfig application = new ApplicationConfig(name);
    // Its administration port is fixed, so two peers on one machine would clash.
    application.setQosEnable(false);
    return application;
  }
}

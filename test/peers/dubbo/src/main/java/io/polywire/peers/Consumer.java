package io.polywire.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;

/**
 * An unmodified Dubbo consumer driven by a test. Its one argument is a JSON object with `application`. Commands:
 * `refer` and `close` (by `on`), `call`, `stream`, `suite`, `load`, `stop` (a running load), `heard` (callbacks that arrived).
 */
public final class Consumer {
  private final ApplicationConfig application;
  private final Map<String, Reference> references = new ConcurrentHashMap<>();
  private final Map<String, Load> loads = new ConcurrentHashMap<>();

  private Consumer(JsonObject settings) {
    application = Provider.application(Settings.text(settings, "application", "peer-consumer"));
  }

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    Consumer consumer = new Consumer(JsonParser.parseString(arguments[0]).getAsJsonObject());
    Commands.serve(Map.of(), consumer::handle);
  }

  private Object handle(JsonObject command) throws Throwable {
    String on = Settings.text(command, "on", "");
    switch (Settings.text(command, "op", "")) {
      case "refer":
        references.put(on, new Reference(application, command));
        return true;
      case "close":
        references.remove(on).close();
        return true;
      case "call":
        return reference(on).call(command);
      case "stream":
        return Streams.call(reference(on).proxy(), command);
      case "heard":
        return reference(on).heard();
      case "suite":
        JsonArray only = command.getAsJsonArray("only");
        return Suite.run((EchoService) reference(on).proxy(), only);
      case "load":
        Load load = new Load((CallService) reference(on).proxy(), Reference::attach, command);
        loads.put(Settings.text(command, "name", "load"), load);
        return load.run();
      case "stop":
        loads.get(Settings.text(command, "name", "load")).stop();
        return true;
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private Reference reference(String on) {
    Reference reference = references.get(on);
    if (reference == null) {
      throw new IllegalArgumentException("nothing referred to as " + on);
    }
    return reference;
  }

  /** Kept out of {@link Reference}, whose calls do not depend on how the reference was configured. */
  static ReferenceConfig<Object> configure(ApplicationConfig application, JsonObject settings) {
    ReferenceConfig<Object> config = new ReferenceConfig<>();
    config.setApplication(application);
    String url = Settings.text(settings, "url", null);
    // Without either, the application's registry counts: the property dubbo.registry.address.
    if (url != null || settings.has("registry")) {
      config.setRegistry(Provider.registry(settings));
    }
    if (url != null) {
      config.setUrl(url);
    }
    config.setInterface("io.polywire.peers." + Settings.text(settings, "service", "CallService"));
    config.setVersion(Settings.text(settings, "version", null));
    config.setGroup(Settings.text(settings, "group", null));
    int timeout = Settings.number(settings, "timeout", 10_000);
    if (timeout > 0) {
      config.setTimeout(timeout);
    }
    // A test counts attempts itself: the consumer's own retries would hide a lost call.
    config.setRetries(Settings.number(settings, "retries", 0));
    config.setCheck(Settings.flag(settings, "check"));
    config.setConnections(Settings.number(settings, "connections", 0));
    if (Settings.flag(settings, "generic")) {
      config.setGeneric("true");
    }
    Map<String, String> parameters = Settings.texts(settings, "parameters");
    // A direct URL says nothing of the provider's settings, so the callback argument has to be named here too.
    if (config.getInterface().endsWith("ListenService")) {
      parameters.put("subscribe.1.callback", "true");
      // Dubbo 3.3 looks at the argument's setting only when the method has one of its own.
      parameters.put("subscribe.timeout", String.valueOf(config.getTimeout()));
    }
    config.setParameters(parameters);
    return config;
  }
}

package io.polywire.peers;

import com.alipay.sofa.rpc.config.ApplicationConfig;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An unmodified SOFARPC consumer driven by a test. Its one argument is a JSON object with `application`. Commands: `refer` and
 * `close` (by `on`), `call`, `suite`, `load`, `stop` (a running load).
 */
public final class Consumer {
  private final ApplicationConfig application;
  private final Map<String, Reference> references = new ConcurrentHashMap<>();
  private final Map<String, Load> loads = new ConcurrentHashMap<>();

  private Consumer(JsonObject settings) {
    application = new ApplicationConfig().setAppName(Settings.text(settings, "application", "peer-consumer"));
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
      case "suite":
        JsonArray only = command.getAsJsonArray("only");
        return Suite.run((EchoService) reference(on).proxy("sync"), only);
      case "load":
        Load load = new Load(reference(on).callService(), Baggage::attach, command);
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
}

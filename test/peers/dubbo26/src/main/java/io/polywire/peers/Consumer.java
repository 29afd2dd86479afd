package io.polywire.peers;

import com.alibaba.dubbo.config.ReferenceConfig;
import com.alibaba.dubbo.config.RegistryConfig;
import com.alibaba.dubbo.rpc.RpcContext;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An unmodified consumer of Dubbo 2.6, of `CallService`. Commands: `refer` (`on`, `url` or `registry`, `group`, `version`) and `call` (`on`,
 * `method`, `args`, `attachments`).
 */
public final class Consumer {
  private static final int TIMEOUT_MILLISECONDS = 10_000;
  private static final Map<String, CallService> REFERENCES = new ConcurrentHashMap<>();

  private Consumer() {}

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    Commands.serve(Map.of(), Consumer::handle);
  }

  private static Object handle(JsonObject command) throws Exception {
    String on = Settings.text(command, "on", "");
    switch (Settings.text(command, "op", "")) {
      case "refer":
        REFERENCES.put(on, refer(command));
        return true;
      case "call":
        return call(REFERENCES.get(on), command);
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private static CallService refer(JsonObject command) {
    ReferenceConfig<CallService> reference = new ReferenceConfig<>();
    reference.setApplication(Provider.application("peer-consumer"));
    reference.setRegistry(new RegistryConfig(Settings.text(command, "registry", "N/A")));
    reference.setUrl(Settings.text(command, "url", null));
    reference.setInterface(CallService.class);
    reference.setVersion(Settings.text(command, "version", null));
    reference.setGroup(Settings.text(command, "group", null));
    reference.setTimeout(TIMEOUT_MILLISECONDS);
    reference.setRetries(0);
    reference.setCheck(false);
    return reference.get();
  }

  private static Object call(CallService service, JsonObject command) throws Exception {
    RpcContext.getContext().clearAttachments();
    Settings.texts(command, "attachments").forEach((key, value) -> RpcContext.getContext().setAttachment(key, value));
    JsonArray arguments = command.has("args") ? command.getAsJsonArray("args") : new JsonArray();
    String name = Settings.text(command, "method", "who");
    Method method =
        Arrays.stream(CallService.class.getMethods()).filter(each -> each.getName().equals(name)).findFirst().orElseThrow();
    Object[] values = new Object[method.getParameterCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Commands.GSON.fromJson(arguments.get(i), method.getParameterTypes()[i]);
    }
    return method.invoke(service, values);
  }
}

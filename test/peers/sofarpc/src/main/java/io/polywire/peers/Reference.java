package io.polywire.peers;

import com.alipay.sofa.rpc.config.ApplicationConfig;
import com.alipay.sofa.rpc.config.ConsumerConfig;
import com.alipay.sofa.rpc.context.RpcInvokeContext;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.util.JsonFormat;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** One reference of the consumer, and the ways to call it. */
final class Reference {
  private static final int ANSWER_SECONDS = 60;

  private record Target(ConsumerConfig<Object> config, Object proxy) {}

  private final ApplicationConfig application;
  private final JsonObject settings;
  private final Class<?> type;
  /** By invoke type, which SOFARPC fixes when it makes a proxy. All share one connection. */
  private final Map<String, Target> targets = new ConcurrentHashMap<>();

  Reference(ApplicationConfig application, JsonObject settings) throws ClassNotFoundException {
    this.application = application;
    this.settings = settings;
    type = Class.forName("io.polywire.peers." + Settings.text(settings, "service", "CallService"));
    proxy("sync");
  }

  Object proxy(String how) {
    return targets.computeIfAbsent(how, this::target).proxy();
  }

  void close() {
    targets.values().forEach(target -> target.config().unRefer());
  }

  /** For a load: the reference itself, or calls of a protobuf service in that interface's clothes. */
  CallService callService() {
    return proxy("sync") instanceof NoteService notes ? new NoteCalls(notes) : (CallService) proxy("sync");
  }

  /**
   * Calls `method` with `args` (JSON, converted to the parameter types) and `attachments`. `how`: `sync` (the default),
   * `future`, `callback` or `oneway`, SOFARPC's names. Answers the value; with `detail`, the baggage that came back too.
   */
  Object call(JsonObject command) throws Throwable {
    String how = Settings.text(command, "how", "sync");
    Method method = find(Settings.text(command, "method", "who"));
    Object[] values = convert(method, command.has("args") ? command.getAsJsonArray("args") : new JsonArray());
    Baggage.attach(Settings.texts(command, "attachments"));
    if (command.has("timeout")) {
      RpcInvokeContext.getContext().setTimeout(command.get("timeout").getAsInt());
    }
    Object value = readable(invoke(how, method, values));
    return Settings.flag(command, "detail") ? Map.of("value", value, "baggage", Baggage.returned()) : value;
  }

  private Object invoke(String how, Method method, Object[] values) throws Exception {
    Object proxy = proxy(how);
    switch (how) {
      case "future":
        method.invoke(proxy, values);
        return RpcInvokeContext.getContext().getFuture().get(ANSWER_SECONDS, TimeUnit.SECONDS);
      case "callback":
        CompletableFuture<Object> called = new CompletableFuture<>();
        RpcInvokeContext.getContext().setResponseCallback(new Callback(called));
        method.invoke(proxy, values);
        return called.get(ANSWER_SECONDS, TimeUnit.SECONDS);
      default:
        return method.invoke(proxy, values);
    }
  }

  private Target target(String how) {
    ConsumerConfig<Object> config = new ConsumerConfig<>();
    config.setApplication(application);
    config.setInterfaceId(type.getName());
    config.setProtocol("bolt");
    config.setDirectUrl(Settings.text(settings, "url", null));
    config.setSubscribe(false);
    String version = Settings.text(settings, "version", null);
    if (version != null) {
      config.setVersion(version);
    }
    String uniqueId = Settings.text(settings, "uniqueId", null);
    if (uniqueId != null) {
      config.setUniqueId(uniqueId);
    }
    config.setSerialization(Settings.text(settings, "serialization", "hessian2"));
    config.setInvokeType(how);
    config.setTimeout(Settings.number(settings, "timeout", 10_000));
    // A test counts attempts itself: the consumer's own retries would hide a lost call.
    config.setRetries(Settings.number(settings, "retries", 0));
    config.setConnectionNum(Settings.number(settings, "connections", 1));
    config.setReconnectPeriod(Settings.number(settings, "reconnectPeriod", 1000));
    config.setCheck(false);
    config.setFilterRef(List.of(new Baggage.Sender()));
    config.setRepeatedReferLimit(-1);
    config.setParameter(VersionedTransport.VERSION, Settings.text(settings, VersionedTransport.VERSION, "1"));
    config.setParameter(VersionedTransport.CRC, Settings.text(settings, VersionedTransport.CRC, "true"));
    return new Target(config, config.refer());
  }

  private Method find(String name) {
    return Arrays.stream(type.getMethods())
        .filter(method -> method.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no method " + name + " in " + type.getName()));
  }

  private static Object[] convert(Method method, JsonArray arguments) throws Exception {
    Object[] values = new Object[method.getParameterCount()];
    for (int i = 0; i < values.length; i++) {
      if (method.getParameterTypes()[i] == Note.class) {
        Note.Builder note = Note.newBuilder();
        JsonFormat.parser().merge(arguments.get(i).toString(), note);
        values[i] = note.build();
      } else {
        values[i] = Commands.GSON.fromJson(arguments.get(i), method.getGenericParameterTypes()[i]);
      }
    }
    return values;
  }

  private static Object readable(Object value) throws Exception {
    return value instanceof Note note ? Commands.GSON.fromJson(JsonFormat.printer().print(note), Map.class) : value;
  }
}

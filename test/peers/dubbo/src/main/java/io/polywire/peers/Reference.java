package io.polywire.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.rpc.RpcContext;
import org.apache.dubbo.rpc.service.EchoService;
import org.apache.dubbo.rpc.service.GenericService;

/** One reference of the consumer, and the ways to call it. */
final class Reference {
  private static final int ANSWER_SECONDS = 60;

  private final ReferenceConfig<Object> config;
  private final Object proxy;
  private final List<String> heard = new CopyOnWriteArrayList<>();

  Reference(ApplicationConfig application, JsonObject settings) {
    config = Consumer.configure(application, settings);
    proxy = config.get();
  }

  Object proxy() {
    return proxy;
  }

  List<String> heard() {
    return new ArrayList<>(heard);
  }

  void close() {
    config.destroy();
  }

  /**
   * Calls `method` with `args` (JSON, converted to the parameter types) and `attachments`. `how`: `sync` (the default),
   * `async` (the framework's own future around a method that is not asynchronous) or `oneWay`. Answers the value, and the
   * attachments that came back with it.
   */
  Object call(JsonObject command) throws Throwable {
    String name = Settings.text(command, "method", "who");
    JsonArray arguments = command.has("args") ? command.getAsJsonArray("args") : new JsonArray();
    attach(Settings.texts(command, "attachments"));
    if (name.equals("$echo")) {
      return ((EchoService) proxy).$echo(arguments.get(0).getAsString());
    }
    if (proxy instanceof GenericService generic) {
      return generic(generic, name, command, arguments);
    }
    Method method = find(name);
    Object[] values = convert(method, arguments);
    switch (Settings.text(command, "how", "sync")) {
      case "oneWay":
        // A block, so that it is a Runnable: a Callable would wait for an answer.
        RpcContext.getContext().asyncCall(() -> {
          invoke(method, values);
        });
        return null;
      case "async":
        return await(RpcContext.getContext().asyncCall(() -> invoke(method, values)));
      default:
        return await(method.invoke(proxy, values));
    }
  }

  static void attach(Map<String, String> attachments) {
    RpcContext.getContext().clearAttachments();
    attachments.forEach((key, value) -> RpcContext.getContext().setAttachment(key, value));
  }

  private Object generic(GenericService generic, String name, JsonObject command, JsonArray arguments) throws Exception {
    String[] types = Commands.GSON.fromJson(command.get("types"), String[].class);
    Object[] values = Commands.GSON.fromJson(arguments, Object[].class);
    for (int i = 0; i < values.length; i++) {
      values[i] = fit(values[i], types[i]);
    }
    if (Settings.text(command, "how", "sync").equals("async")) {
      return await(generic.$invokeAsync(name, types, values));
    }
    return generic.$invoke(name, types, values);
  }

  /** JSON knows one kind of number; a generic call has to carry the kind that its parameter has. */
  private static Object fit(Object value, String type) {
    if (!(value instanceof Double number)) {
      return value;
    }
    return switch (type) {
      case "int", "java.lang.Integer" -> number.intValue();
      case "long", "java.lang.Long" -> number.longValue();
      default -> number;
    };
  }

  private Object invoke(Method method, Object[] values) {
    try {
      return method.invoke(proxy, values);
    } catch (ReflectiveOperationException failure) {
      throw new IllegalStateException(Failure.unwrap(failure));
    }
  }

  private static Object await(Object result) throws Exception {
    if (result instanceof CompletableFuture<?> future) {
      return future.get(ANSWER_SECONDS, TimeUnit.SECONDS);
    }
    return result instanceof Future<?> future ? future.get(ANSWER_SECONDS, TimeUnit.SECONDS) : result;
  }

  private Method find(String name) throws ClassNotFoundException {
    return Arrays.stream(Class.forName(config.getInterface()).getMethods())
        .filter(method -> method.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no method " + name + " in " + config.getInterface()));
  }

  private Object[] convert(Method method, JsonArray arguments) {
    Object[] values = new Object[method.getParameterCount()];
    for (int i = 0; i < values.length; i++) {
      JsonElement argument = arguments.get(i);
      values[i] =
          method.getParameterTypes()[i] == Listener.class
              ? listener(argument.getAsString())
              : Commands.GSON.fromJson(argument, method.getGenericParameterTypes()[i]);
    }
    return values;
  }

  private Listener listener(String name) {
    return message -> {
      heard.add(name + " " + message);
      return name + " heard " + message;
    };
  }
}

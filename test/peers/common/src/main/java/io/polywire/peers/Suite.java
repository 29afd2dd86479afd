package io.polywire.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonPrimitive;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Calls every shape and says of each whether what came back equals what was sent. */
final class Suite {
  private Suite() {}

  /** Shape name -> "equal", or what was different or failed. */
  static Map<String, String> run(EchoService service, JsonArray only) {
    Map<String, String> results = new LinkedHashMap<>();
    for (Shapes.Shape shape : Shapes.all()) {
      if (only == null || only.contains(new JsonPrimitive(shape.name()))) {
        results.put(shape.name(), one(service, shape));
      }
    }
    return results;
  }

  private static String one(EchoService service, Shapes.Shape shape) {
    Method method =
        Arrays.stream(EchoService.class.getMethods()).filter(each -> each.getName().equals(shape.method())).findFirst().orElseThrow();
    try {
      String difference = Equality.difference(shape.expected(), method.invoke(service, shape.arguments()));
      return difference == null ? "equal" : difference;
    } catch (ReflectiveOperationException wrapped) {
      Throwable failure = Failure.unwrap(wrapped);
      String message = String.valueOf(failure.getMessage());
      return failure.getClass().getName() + ": " + (message.length() > 600 ? message.substring(0, 600) + "…" : message);
    }
  }
}

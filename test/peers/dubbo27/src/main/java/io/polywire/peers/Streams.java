package io.polywire.peers;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;

/** Calls with streams of messages, which this generation does not have. */
final class Streams {
  private Streams() {}

  static Map<Class<?>, Object> services(String provider) {
    return Map.of();
  }

  static List<String> call(Object proxy, JsonObject command) {
    throw new UnsupportedOperationException("Dubbo 2.7 has no streams");
  }
}

package io.polywire.peers;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;

/** Optional fields of a JSON object. */
final class Settings {
  private Settings() {}

  static String text(JsonObject from, String key, String otherwise) {
    JsonElement value = from.get(key);
    return value == null || value.isJsonNull() ? otherwise : value.getAsString();
  }

  static int number(JsonObject from, String key, int otherwise) {
    JsonElement value = from.get(key);
    return value == null || value.isJsonNull() ? otherwise : value.getAsInt();
  }

  static boolean flag(JsonObject from, String key) {
    JsonElement value = from.get(key);
    return value != null && !value.isJsonNull() && value.getAsBoolean();
  }

  static Map<String, String> texts(JsonObject from, String key) {
    Map<String, String> texts = new HashMap<>();
    if (from.has(key)) {
      from.getAsJsonObject(key).entrySet().forEach(entry -> texts.put(entry.getKey(), entry.getValue().getAsString()));
    }
    return texts;
  }
}

package io.polywire.peers;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Compares object graphs; where one has a cycle or shares an object, the other must do the same. */
final class Equality {
  private final Map<Object, Object> pairs = new IdentityHashMap<>();

  private Equality() {}

  /** The first difference as a path and the two values, or null when the graphs are equal. */
  static String difference(Object expected, Object actual) {
    return new Equality().compare("value", expected, actual);
  }

  private String compare(String path, Object expected, Object actual) {
    if (expected == null || actual == null) {
      return expected == actual ? null : differ(path, expected, actual);
    }
    if (pairs.containsKey(expected)) {
      return pairs.get(expected) == actual ? null : path + ": the same object became two";
    }
    if (expected.getClass().isArray()) {
      return compareArrays(path, expected, actual);
    }
    if (expected instanceof List<?> list) {
      return actual instanceof List<?> other ? compareLists(path, list, other) : differ(path, expected, actual);
    }
    if (expected instanceof Map<?, ?> map) {
      return actual instanceof Map<?, ?> other ? compareMaps(path, map, other) : differ(path, expected, actual);
    }
    if (expected instanceof Person) {
      return actual instanceof Person ? compareFields(path, expected, actual) : differ(path, expected, actual);
    }
    return expected.equals(actual) ? null : differ(path, expected, actual);
  }

  private String compareArrays(String path, Object expected, Object actual) {
    int length = Array.getLength(expected);
    if (expected.getClass() != actual.getClass() || Array.getLength(actual) != length) {
      return differ(path, expected, actual);
    }
    for (int i = 0; i < length; i++) {
      String difference = compare(path + "[" + i + "]", Array.get(expected, i), Array.get(actual, i));
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  private String compareLists(String path, List<?> expected, List<?> actual) {
    pairs.put(expected, actual);
    if (expected.size() != actual.size()) {
      return differ(path, expected.size() + " elements", actual.size() + " elements");
    }
    Iterator<?> others = actual.iterator();
    int i = 0;
    for (Object element : expected) {
      String difference = compare(path + "[" + i++ + "]", element, others.next());
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  private String compareMaps(String path, Map<?, ?> expected, Map<?, ?> actual) {
    pairs.put(expected, actual);
    if (!expected.keySet().equals(actual.keySet())) {
      return differ(path, expected.keySet(), actual.keySet());
    }
    for (Map.Entry<?, ?> entry : expected.entrySet()) {
      String difference = compare(path + "." + entry.getKey(), entry.getValue(), actual.get(entry.getKey()));
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  private String compareFields(String path, Object expected, Object actual) {
    pairs.put(expected, actual);
    for (Field field : Person.class.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        continue;
      }
      field.setAccessible(true);
      try {
        String difference = compare(path + "." + field.getName(), field.get(expected), field.get(actual));
        if (difference != null) {
          return difference;
        }
      } catch (IllegalAccessException impossible) {
        throw new AssertionError(impossible);
      }
    }
    return null;
  }

  private static String differ(String path, Object expected, Object actual) {
    return path + ": expected " + show(expected) + ", got " + show(actual);
  }

  private static String show(Object value) {
    if (value == null) {
      return "null";
    }
    String text = String.valueOf(value);
    return value.getClass().getName() + " " + (text.length() > 80 ? text.substring(0, 80) + "…" : text);
  }
}

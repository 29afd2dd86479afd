package io.polywire.peers;

import java.lang.reflect.InvocationTargetException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/** What a caller sees of a failed call, as data. */
final class Failure {
  private Failure() {}

  /** Takes off the wrappers that reflection and futures put around the failure of a call. */
  static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    while ((inner instanceof InvocationTargetException || inner instanceof ExecutionException) && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  static Map<String, Object> describe(Throwable wrapped) {
    Throwable failure = unwrap(wrapped);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("class", failure.getClass().getName());
    description.put("message", failure.getMessage());
    return description;
  }

  /** A short name to count failures by. */
  static String kind(Throwable wrapped) {
    return unwrap(wrapped).getClass().getSimpleName();
  }
}

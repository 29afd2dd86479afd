package io.polywire.peers;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.dubbo.rpc.RpcException;
import org.apache.dubbo.rpc.service.GenericException;

/** What a caller sees of a failed call, as data. */
final class Failure {
  private Failure() {}

  /** Takes off the wrappers that reflection and futures put around the failure of a call. */
  static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    while ((inner instanceof InvocationTargetException || inner instanceof ExecutionException || inner instanceof CompletionException)
        && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  static Map<String, Object> describe(Throwable wrapped) {
    Throwable failure = unwrap(wrapped);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("class", failure.getClass().getName());
    description.put("message", failure.getMessage());
    if (failure instanceof RpcException rpc) {
      description.put("code", codeName(rpc.getCode()));
    }
    if (failure instanceof GenericException generic) {
      description.put("exceptionClass", generic.getExceptionClass());
      description.put("exceptionMessage", generic.getExceptionMessage());
    }
    if (failure instanceof AccountException account) {
      description.put("account", account.getAccount());
    }
    List<String> causes = new ArrayList<>();
    for (Throwable cause = failure.getCause(); cause != null && causes.size() < 10; cause = cause.getCause()) {
      causes.add(cause.getClass().getName() + ": " + cause.getMessage());
    }
    description.put("causes", causes);
    return description;
  }

  /** A short name to count failures by. */
  static String kind(Throwable wrapped) {
    Throwable failure = unwrap(wrapped);
    String name = failure.getClass().getSimpleName();
    return failure instanceof RpcException rpc ? name + "/" + codeName(rpc.getCode()) : name;
  }

  private static String codeName(int code) {
    return switch (code) {
      case 0 -> "UNKNOWN";
      case 1 -> "NETWORK";
      case 2 -> "TIMEOUT";
      case 3 -> "BIZ";
      case 4 -> "FORBIDDEN";
      case 5 -> "SERIALIZATION";
      case 6 -> "NO_INVOKER_AVAILABLE_AFTER_FILTER";
      case 7 -> "LIMIT_EXCEEDED";
      default -> String.valueOf(code);
    };
  }
}

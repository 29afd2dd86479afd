package io.polywire.peers;

import com.alipay.sofa.rpc.core.exception.RpcErrorType;
import com.alipay.sofa.rpc.core.exception.SofaRpcException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
    if (failure instanceof SofaRpcException rpc) {
      description.put("code", codeName(rpc.getErrorType()));
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
    return failure instanceof SofaRpcException rpc ? name + "/" + codeName(rpc.getErrorType()) : name;
  }

  private static String codeName(int errorType) {
    for (Field field : RpcErrorType.class.getFields()) {
      try {
        if (field.getType() == int.class && field.getInt(null) == errorType) {
          return field.getName();
        }
      } catch (IllegalAccessException impossible) {
        throw new AssertionError(impossible);
      }
    }
    return String.valueOf(errorType);
  }
}

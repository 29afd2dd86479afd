package io.polywire.peers;

import com.alipay.sofa.rpc.context.RpcInvokeContext;
import com.alipay.sofa.rpc.core.exception.SofaRpcException;
import com.alipay.sofa.rpc.core.request.SofaRequest;
import com.alipay.sofa.rpc.core.response.SofaResponse;
import com.alipay.sofa.rpc.filter.Filter;
import com.alipay.sofa.rpc.filter.FilterInvoker;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a call carries beside its arguments. A caller sets baggage, and request properties through a filter, which is how a
 * SOFARPC application adds header entries of its own.
 */
final class Baggage {
  /** Attachments with this prefix are baggage, in both directions; the others are request properties. */
  static final String PREFIX = "baggage.";

  private static final ThreadLocal<Map<String, String>> PROPERTIES = new ThreadLocal<>();
  private static final ThreadLocal<Map<String, String>> SEEN = ThreadLocal.withInitial(Map::of);

  private Baggage() {}

  /** Makes the next call of this thread carry these attachments and no others. */
  static void attach(Map<String, String> attachments) {
    RpcInvokeContext.removeContext();
    Map<String, String> properties = new HashMap<>();
    attachments.forEach(
        (key, value) -> {
          if (key.startsWith(PREFIX)) {
            RpcInvokeContext.getContext().putRequestBaggage(key.substring(PREFIX.length()), value);
          } else {
            properties.put(key, value);
          }
        });
    PROPERTIES.set(properties);
  }

  /** What the provider's thread saw of the call in progress: the entries of the header, and baggage under its prefix. */
  static Map<String, String> seen() {
    Map<String, String> seen = new TreeMap<>(SEEN.get());
    RpcInvokeContext.getContext()
        .getAllRequestBaggage()
        .forEach(
            (key, value) -> {
              seen.put(PREFIX + key, value);
              // So that a caller sees baggage come back.
              RpcInvokeContext.getContext().putResponseBaggage(key, value);
            });
    return seen;
  }

  /** Baggage that came back with the answer to this thread's last call. */
  static Map<String, String> returned() {
    return new TreeMap<>(RpcInvokeContext.getContext().getAllResponseBaggage());
  }

  static final class Sender extends Filter {
    @Override
    public SofaResponse invoke(FilterInvoker invoker, SofaRequest request) throws SofaRpcException {
      Map<String, String> properties = PROPERTIES.get();
      if (properties != null) {
        properties.forEach(request::addRequestProp);
      }
      return invoker.invoke(request);
    }
  }

  static final class Receiver extends Filter {
    @Override
    public SofaResponse invoke(FilterInvoker invoker, SofaRequest request) throws SofaRpcException {
      Map<String, String> seen = new HashMap<>();
      request.getRequestProps().forEach((key, value) -> {
        if (value instanceof String text) {
          seen.put(key, text);
        }
      });
      SEEN.set(seen);
      try {
        return invoker.invoke(request);
      } finally {
        SEEN.remove();
      }
    }
  }
}

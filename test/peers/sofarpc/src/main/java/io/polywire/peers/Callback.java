package io.polywire.peers;

import com.alipay.sofa.rpc.core.exception.SofaRpcException;
import com.alipay.sofa.rpc.core.invoke.SofaResponseCallback;
import com.alipay.sofa.rpc.core.request.RequestBase;
import java.util.concurrent.CompletableFuture;

/** Passes what a call's callback is told on to the thread that waits for it. */
final class Callback implements SofaResponseCallback<Object> {
  private final CompletableFuture<Object> called;

  Callback(CompletableFuture<Object> called) {
    this.called = called;
  }

  public void onAppResponse(Object response, String method, RequestBase request) {
    called.complete(response);
  }

  public void onAppException(Throwable failure, String method, RequestBase request) {
    called.completeExceptionally(failure);
  }

  public void onSofaException(SofaRpcException failure, String method, RequestBase request) {
    called.completeExceptionally(failure);
  }
}

package io.polywire.peers;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.dubbo.rpc.RpcContext;

public class CallServiceImpl implements CallService {
  private static final ScheduledExecutorService TIMER = Executors.newScheduledThreadPool(1, Daemons::thread);

  private final String provider;
  private final List<String> told = new ArrayList<>();
  /** Calls that reached this provider, whether or not their answer arrived. */
  final AtomicLong served = new AtomicLong();

  CallServiceImpl(String provider) {
    this.provider = provider;
  }

  public Answer who(String token) {
    served.incrementAndGet();
    return new Answer(provider, token, attachments());
  }

  public Answer slow(int milliseconds, String token) {
    served.incrementAndGet();
    Map<String, String> attachments = attachments();
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return new Answer(provider, token, attachments);
  }

  public CompletableFuture<Answer> later(int milliseconds, String token) {
    served.incrementAndGet();
    Answer answer = new Answer(provider, token, attachments());
    CompletableFuture<Answer> result = new CompletableFuture<>();
    TIMER.schedule(() -> result.complete(answer), milliseconds, TimeUnit.MILLISECONDS);
    return result;
  }

  public String failChecked(String account) throws AccountException {
    throw new AccountException(account, "account " + account + " is closed");
  }

  public String failUnchecked(String message) {
    throw new IllegalStateException(message);
  }

  public synchronized void tell(String token) {
    told.add(token);
  }

  public synchronized List<String> notified() {
    return new ArrayList<>(told);
  }

  public String big(int characters) {
    return "x".repeat(characters);
  }

  private static Map<String, String> attachments() {
    Map<String, String> seen = new HashMap<>();
    RpcContext.getContext().getObjectAttachments().forEach((key, value) -> seen.put(key, String.valueOf(value)));
    // Dubbo takes the tag out of the map before it calls the service; the context still answers it.
    return seen;
  }
}

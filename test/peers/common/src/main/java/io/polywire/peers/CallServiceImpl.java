package io.polywire.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

public class CallServiceImpl implements CallService {
  private static final ScheduledExecutorService TIMER = Executors.newScheduledThreadPool(1, Daemons::thread);

  private final String provider;
  private final Supplier<Map<String, String>> attachments;
  private final List<String> told = new ArrayList<>();
  /** Calls that reached this provider, whether or not their answer arrived. */
  final AtomicLong served = new AtomicLong();

  /** `attachments`: what the framework says that the call in progress carries. */
  CallServiceImpl(String provider, Supplier<Map<String, String>> attachments) {
    this.provider = provider;
    this.attachments = attachments;
  }

  public Answer who(String token) {
    served.incrementAndGet();
    return new Answer(provider, token, attachments.get());
  }

  public Answer slow(int milliseconds, String token) {
    served.incrementAndGet();
    Map<String, String> seen = attachments.get();
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return new Answer(provider, token, seen);
  }

  public CompletableFuture<Answer> later(int milliseconds, String token) {
    served.incrementAndGet();
    Answer answer = new Answer(provider, token, attachments.get());
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
}

package io.polywire.peers;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Many calls at once, every one accounted for: answered (by whom), failed (how), answered with another call's token
 * (`mixed`) or never ended (`lost`). Ends after `calls`, after `milliseconds`, or when stopped.
 */
final class Load {
  private static final AtomicInteger RUNS = new AtomicInteger();

  private final CallService service;
  private final Consumer<Map<String, String>> attach;
  private final int threads;
  private final long calls;
  private final long milliseconds;
  private final int slow;
  private final int pause;
  private final Map<String, String> attachments;
  private final int patience;
  private final String run = "load" + RUNS.incrementAndGet() + "-";

  private final AtomicLong started = new AtomicLong();
  private final AtomicLong ended = new AtomicLong();
  private final AtomicLong mixed = new AtomicLong();
  private final Map<String, Integer> byProvider = new TreeMap<>();
  private final Map<String, Integer> failures = new TreeMap<>();
  private final List<String> samples = new ArrayList<>();
  private volatile boolean stopped;

  /** `attach`: makes the next call of its thread carry the given attachments and no others. */
  Load(CallService service, Consumer<Map<String, String>> attach, JsonObject command) {
    this.service = service;
    this.attach = attach;
    threads = Settings.number(command, "threads", 4);
    calls = Settings.number(command, "calls", Integer.MAX_VALUE);
    // A number of calls that is asked for is made, however slow the machine is.
    milliseconds = Settings.number(command, "milliseconds", command.has("calls") ? 600_000 : 30_000);
    slow = Settings.number(command, "slow", 0);
    pause = Settings.number(command, "pause", 0);
    patience = Settings.number(command, "patience", 12_000);
    attachments = Settings.texts(command, "attachments");
  }

  void stop() {
    stopped = true;
  }

  Map<String, Object> run() throws InterruptedException {
    long start = System.nanoTime();
    long end = start + milliseconds * 1_000_000;
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread worker = Daemons.thread(() -> work(end));
      workers.add(worker);
      worker.start();
    }
    for (Thread worker : workers) {
      worker.join(Math.max(1, (end - System.nanoTime()) / 1_000_000 + patience));
    }
    return report((System.nanoTime() - start) / 1_000_000);
  }

  private synchronized Map<String, Object> report(long took) {
    Map<String, Object> report = new TreeMap<>();
    report.put("calls", started.get());
    report.put("lost", started.get() - ended.get());
    report.put("mixed", mixed.get());
    report.put("byProvider", byProvider);
    report.put("failures", failures);
    report.put("samples", samples);
    report.put("milliseconds", took);
    return report;
  }

  private void work(long end) {
    while (!stopped && System.nanoTime() < end) {
      long number = started.getAndIncrement();
      if (number >= calls) {
        started.decrementAndGet();
        return;
      }
      one(run + number);
      ended.incrementAndGet();
      if (pause > 0) {
        rest();
      }
    }
  }

  private void one(String token) {
    try {
      attach.accept(attachments);
      Answer answer = slow > 0 ? service.slow(slow, token) : service.who(token);
      if (!token.equals(answer.getToken())) {
        mixed.incrementAndGet();
      }
      synchronized (this) {
        byProvider.merge(answer.getProvider(), 1, Integer::sum);
      }
    } catch (RuntimeException failure) {
      synchronized (this) {
        failures.merge(Failure.kind(failure), 1, Integer::sum);
        if (samples.size() < 5) {
          samples.add(String.valueOf(failure.getMessage()));
        }
      }
    }
  }

  private void rest() {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

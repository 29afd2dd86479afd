package io.polywire.peers.thrift;

import io.polywire.peers.thrift.calls.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many calls at once, every one accounted for: answered (by whom), failed (how), answered with another call's token
 * (`mixed`) or never ended (`lost`). Each thread has a connection of its own.
 */
final class Load {
  /** What the command sets. */
  static final class Settings {
    int threads = 4;
    long calls = Long.MAX_VALUE;
    long milliseconds = 30_000;
    int slow;
    int pause;
  }

  private static final AtomicInteger RUNS = new AtomicInteger();
  private static final int PATIENCE_MILLISECONDS = 12_000;
  private static final int KEPT_SAMPLES = 5;

  private final Connection.Settings wire;
  private final Settings settings;
  private final String run = "load" + RUNS.incrementAndGet() + "-";
  private final AtomicLong started = new AtomicLong();
  private final AtomicLong ended = new AtomicLong();
  private final AtomicLong mixed = new AtomicLong();
  private final Map<String, Integer> byProvider = new TreeMap<>();
  private final Map<String, Integer> failures = new TreeMap<>();
  private final List<String> samples = new ArrayList<>();
  private volatile boolean stopped;

  Load(Connection.Settings wire, Settings settings) {
    this.wire = wire;
    this.settings = settings;
  }

  void stop() {
    stopped = true;
  }

  Map<String, Object> run() throws InterruptedException {
    long start = System.nanoTime();
    long end = start + settings.milliseconds * 1_000_000;
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < settings.threads; i++) {
      Thread worker = Commands.thread(() -> work(end));
      workers.add(worker);
      worker.start();
    }
    for (Thread worker : workers) {
      worker.join(Math.max(1, (end - System.nanoTime()) / 1_000_000 + PATIENCE_MILLISECONDS));
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
    Connection connection = null;
    while (!stopped && System.nanoTime() < end) {
      long number = started.getAndIncrement();
      if (number >= settings.calls) {
        started.decrementAndGet();
        break;
      }
      try {
        connection = connection == null ? new Connection(wire) : connection;
        one(connection, run + number);
      } catch (Exception failure) {
        connection = failed(connection, failure);
      }
      ended.incrementAndGet();
      if (settings.pause > 0) {
        rest();
      }
    }
    if (connection != null) {
      connection.close();
    }
  }

  private void one(Connection connection, String token) throws ReflectiveOperationException {
    Object[] args = settings.slow > 0 ? new Object[] {settings.slow, token} : new Object[] {token};
    Answer answer = (Answer) connection.call(settings.slow > 0 ? "slow" : "who", args);
    if (!token.equals(answer.getToken())) {
      mixed.incrementAndGet();
    }
    synchronized (this) {
      byProvider.merge(answer.getProvider(), 1, Integer::sum);
    }
  }

  /** What to go on with: a connection that failed is not fit for another call, one that answered is. */
  private synchronized Connection failed(Connection connection, Exception failure) {
    Map<String, Object> description = Commands.describe(failure);
    Object type = description.get("type");
    failures.merge(description.get("class") + (type == null ? "" : "/" + type), 1, Integer::sum);
    if (samples.size() < KEPT_SAMPLES) {
      samples.add(String.valueOf(description.get("message")));
    }
    if (connection == null || type != null) {
      return connection;
    }
    connection.close();
    return null;
  }

  private void rest() {
    try {
      Thread.sleep(settings.pause);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

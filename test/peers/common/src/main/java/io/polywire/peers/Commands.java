package io.polywire.peers;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The line protocol with the test: a JSON object per line in, `{"id":…,"ok":…}` or `{"id":…,"error":…}` per line out.
 * Commands run at the same time, so replies may come in any order.
 */
final class Commands {
  /** Does one command; what it returns is the reply's `ok`. */
  interface Handler {
    Object handle(JsonObject command) throws Throwable;
  }

  static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  private static final PrintStream OUT = System.out;

  private Commands() {}

  /** Whatever a library prints must not get between our lines. */
  static void claimStandardOutput() {
    System.setOut(System.err);
  }

  /** Serves until the input ends, which is also how a peer learns that its test died; then leaves at once. */
  static void serve(Map<String, Object> ready, Handler handler) throws IOException {
    ExecutorService workers = Executors.newCachedThreadPool(Daemons::thread);
    print("READY " + GSON.toJson(ready));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonObject command = JsonParser.parseString(line).getAsJsonObject();
      workers.execute(() -> answer(command, handler));
    }
    Runtime.getRuntime().halt(0);
  }

  private static void answer(JsonObject command, Handler handler) {
    Map<String, Object> reply = new LinkedHashMap<>();
    reply.put("id", command.get("id"));
    long start = System.nanoTime();
    try {
      reply.put("ok", handler.handle(command));
    } catch (Throwable failure) {
      reply.put("error", Failure.describe(failure));
    }
    reply.put("milliseconds", (System.nanoTime() - start) / 1_000_000);
    print(GSON.toJson(reply));
  }

  private static synchronized void print(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    OUT.write(bytes, 0, bytes.length);
    OUT.flush();
  }
}

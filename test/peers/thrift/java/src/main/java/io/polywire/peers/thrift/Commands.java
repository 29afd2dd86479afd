package io.polywire.peers.thrift;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import io.polywire.peers.thrift.calls.AccountException;
import org.apache.thrift.TApplicationException;

/** The line protocol with the test: a JSON object per line in, one per line out, in any order. */
final class Commands {
  /** Does one command; what it returns is the reply's `ok`. */
  interface Handler {
    Object handle(JsonObject command) throws Throwable;
  }

  static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  private static final PrintStream OUT = System.out;

  private Commands() {}

  /** Serves until the input ends, which is also how a peer learns that its test died; then leaves at once. */
  static void serve(Map<String, Object> ready, Handler handler) throws IOException {
    ExecutorService workers = Executors.newCachedThreadPool(Commands::thread);
    print("READY " + GSON.toJson(ready));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonObject command = JsonParser.parseString(line).getAsJsonObject();
      workers.execute(() -> answer(command, handler));
    }
    Runtime.getRuntime().halt(0);
  }

  /** One that does not keep the process alive. */
  static Thread thread(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  static Map<String, Object> describe(Throwable wrapped) {
    Throwable failure = wrapped instanceof InvocationTargetException ? wrapped.getCause() : wrapped;
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("class", failure.getClass().getSimpleName());
    description.put("message", String.valueOf(failure.getMessage()));
    if (failure instanceof TApplicationException application) {
      description.put("type", application.getType());
    }
    if (failure instanceof AccountException account) {
      description.put("account", account.getAccount());
      description.put("code", account.getCode());
    }
    return description;
  }

  private static void answer(JsonObject command, Handler handler) {
    Map<String, Object> reply = new LinkedHashMap<>();
    reply.put("id", command.get("id"));
    try {
      reply.put("ok", handler.handle(command));
    } catch (Throwable failure) {
      reply.put("error", describe(failure));
    }
    print(GSON.toJson(reply));
  }

  private static synchronized void print(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    OUT.write(bytes, 0, bytes.length);
    OUT.flush();
  }
}

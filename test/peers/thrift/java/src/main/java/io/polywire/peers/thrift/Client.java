package io.polywire.peers.thrift;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.polywire.peers.thrift.Shapes.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Calls what the test tells it to call. */
public final class Client {
  private static final Map<String, Connection> CONNECTIONS = new ConcurrentHashMap<>();
  private static final Map<String, Load> LOADS = new ConcurrentHashMap<>();

  private Client() {}

  public static void main(String[] args) throws IOException {
    Commands.serve(Map.of(), Client::handle);
  }

  private static Object handle(JsonObject command) throws Throwable {
    String op = command.get("op").getAsString();
    String name = command.has("name") ? command.get("name").getAsString() : "load";
    if (op.equals("stop")) {
      LOADS.get(name).stop();
      return null;
    }
    String on = command.get("on").getAsString();
    if (op.equals("open")) {
      CONNECTIONS.put(on, new Connection(Commands.GSON.fromJson(command, Connection.Settings.class)));
      return null;
    }
    Connection connection = CONNECTIONS.get(on);
    if (connection == null) {
      throw new IllegalArgumentException("nothing is open as " + on);
    }
    switch (op) {
      case "call":
        return call(connection, command);
      case "suite":
        return suite(connection, command);
      case "large":
        return large(connection, command);
      case "load":
        Load load = new Load(connection.settings, Commands.GSON.fromJson(command, Load.Settings.class));
        LOADS.put(name, load);
        return load.run();
      case "close":
        CONNECTIONS.remove(on);
        connection.close();
        return null;
      default:
        throw new IllegalArgumentException("no such command: " + op);
    }
  }

  private static Object call(Connection connection, JsonObject command) throws ReflectiveOperationException {
    JsonArray args = command.has("args") ? command.getAsJsonArray("args") : new JsonArray();
    Map<String, Object> reply = new LinkedHashMap<>();
    reply.put("value", connection.call(command.get("method").getAsString(), args));
    reply.put("headers", Map.of());
    return reply;
  }

  private static Object large(Connection connection, JsonObject command) throws ReflectiveOperationException {
    int size = command.get("bytes").getAsInt();
    String text = "0123456789abcdef".repeat(size / 16);
    if (command.has("type") && command.get("type").getAsString().equals("binary")) {
      ByteBuffer sent = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      ByteBuffer back = (ByteBuffer) connection.call("echoBinary", sent);
      return Map.of("length", back.remaining(), "equal", sent.equals(back));
    }
    String back = (String) connection.call("echoString", text);
    return Map.of("length", back.length(), "equal", text.equals(back));
  }

  private static Object suite(Connection connection, JsonObject command) throws Exception {
    Map<String, String> results = new LinkedHashMap<>();
    for (Shape shape : Shapes.all()) {
      if (command.has("only") && !command.getAsJsonArray("only").contains(new JsonPrimitive(shape.name()))) {
        continue;
      }
      try {
        results.put(shape.name(), Shapes.compare(connection, shape));
      } catch (ReflectiveOperationException failure) {
        results.put(shape.name(), Commands.describe(failure).toString());
        connection.close();
        connection.connect();
      }
    }
    return results;
  }
}

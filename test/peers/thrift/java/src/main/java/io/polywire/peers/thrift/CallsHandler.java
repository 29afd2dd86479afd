package io.polywire.peers.thrift;

import io.polywire.peers.thrift.calls.AccountException;
import io.polywire.peers.thrift.calls.Answer;
import io.polywire.peers.thrift.calls.Calls;
import io.polywire.peers.thrift.calls.Color;
import io.polywire.peers.thrift.calls.Everything;
import io.polywire.peers.thrift.calls.Others;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.thrift.TException;

/** Serves both services. */
final class CallsHandler implements Calls.Iface, Others.Iface {
  private final String name;
  private final List<String> noted = new CopyOnWriteArrayList<>();

  CallsHandler(String name) {
    this.name = name;
  }

  @Override
  public void nothing() {}

  @Override
  public String echoString(String text) {
    return text;
  }

  @Override
  public ByteBuffer echoBinary(ByteBuffer bytes) {
    return bytes;
  }

  @Override
  public Everything echoEverything(Everything value) {
    return value;
  }

  @Override
  public List<String> echoList(List<String> items) {
    return items;
  }

  @Override
  public Map<String, Long> echoMap(Map<String, Long> items) {
    return items;
  }

  @Override
  public Answer who(String token) {
    return new Answer(name, token, Map.of());
  }

  @Override
  public Answer slow(int milliseconds, String token) throws TException {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException interrupted) {
      throw new TException(interrupted);
    }
    return who(token);
  }

  @Override
  public Answer pick(boolean flag, byte tiny, short small, int number, long big, double real, String text, Color color) {
    return who(text);
  }

  @Override
  public String fail(String account) throws AccountException {
    throw new AccountException(account, 42);
  }

  @Override
  public String crash(String reason) {
    throw new IllegalStateException(reason);
  }

  @Override
  public void note(String text) {
    noted.add(text);
  }

  @Override
  public List<String> noted() {
    return noted;
  }
}

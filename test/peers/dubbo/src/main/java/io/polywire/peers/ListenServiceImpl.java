package io.polywire.peers;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

public class ListenServiceImpl implements ListenService {
  private final String provider;
  private final Map<String, Listener> listeners = new ConcurrentHashMap<>();

  ListenServiceImpl(String provider) {
    this.provider = provider;
  }

  public String subscribe(String key, Listener listener) {
    listeners.put(key, listener);
    return provider;
  }

  public String publish(String key, String message) {
    Listener listener = listeners.get(key);
    return listener == null ? "no listener under " + key : listener.changed(message);
  }
}

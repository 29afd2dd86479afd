package io.polywire.peers;

public interface ListenService {
  /** Keeps the listener under the key; answers the provider's name. */
  String subscribe(String key, Listener listener);

  /** Calls the listener kept under the key, and answers what it answered. */
  String publish(String key, String message);
}

package io.polywire.peers;

/** Implemented by the consumer and called by the provider, over the consumer's own connection. */
public interface Listener {
  String changed(String message);
}

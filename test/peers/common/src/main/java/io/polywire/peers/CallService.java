package io.polywire.peers;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Calls whose outcome, duration or target matters, rather than their arguments. */
public interface CallService {
  /** Which provider answers, with the token it was given and the attachments it saw. */
  Answer who(String token);

  /** As {@link #who}, after the given time. */
  Answer slow(int milliseconds, String token);

  /** As {@link #slow}, answered from another thread. */
  CompletableFuture<Answer> later(int milliseconds, String token);

  String failChecked(String account) throws AccountException;

  String failUnchecked(String message);

  /** Kept by the provider; {@link #notified} answers what arrived so far. */
  void tell(String token);

  List<String> notified();

  /** A reply of the given length, to try limits. */
  String big(int characters);
}

package io.polywire.peers;

import org.apache.dubbo.common.stream.StreamObserver;

/** Calls with more than one message, which Dubbo has over tri only. */
public interface StreamService {
  /** Answers `0`, `1`, ... with the provider's name, as many as asked for. */
  void count(int messages, StreamObserver<String> answers);

  /** Answers each message with itself and the provider's name. */
  StreamObserver<String> talk(StreamObserver<String> answers);
}

package io.polywire.peers;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Lets a {@link Load} call the protobuf service. */
final class NoteCalls implements CallService {
  private final NoteService notes;

  NoteCalls(NoteService notes) {
    this.notes = notes;
  }

  public Answer who(String token) {
    return slow(0, token);
  }

  public Answer slow(int milliseconds, String token) {
    Note answer = notes.pass(Note.newBuilder().setToken(token).setSlow(milliseconds).build());
    return new Answer(answer.getProvider(), answer.getToken(), answer.getAttachmentsMap());
  }

  public CompletableFuture<Answer> later(int milliseconds, String token) {
    throw new UnsupportedOperationException();
  }

  public String failChecked(String account) {
    throw new UnsupportedOperationException();
  }

  public String failUnchecked(String message) {
    throw new UnsupportedOperationException();
  }

  public void tell(String token) {
    throw new UnsupportedOperationException();
  }

  public List<String> notified() {
    throw new UnsupportedOperationException();
  }

  public String big(int characters) {
    throw new UnsupportedOperationException();
  }
}

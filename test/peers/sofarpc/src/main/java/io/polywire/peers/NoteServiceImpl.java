package io.polywire.peers;

final class NoteServiceImpl implements NoteService {
  private final CallServiceImpl calls;

  NoteServiceImpl(CallServiceImpl calls) {
    this.calls = calls;
  }

  public Note pass(Note note) {
    Answer answer = note.getSlow() > 0 ? calls.slow(note.getSlow(), note.getToken()) : calls.who(note.getToken());
    if (!note.getFail().isEmpty()) {
      calls.failUnchecked(note.getFail());
    }
    return note.toBuilder().setProvider(answer.getProvider()).putAllAttachments(answer.getAttachments()).build();
  }
}

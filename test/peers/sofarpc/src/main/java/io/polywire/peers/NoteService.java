package io.polywire.peers;

/** The service of `note.proto` as SOFARPC's protobuf serialization calls it. */
public interface NoteService {
  Note pass(Note note);
}

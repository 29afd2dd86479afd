package io.polywire.peers;

public enum Color {
  RED,
  GREEN,
  BLUE
}

package io.polywire.peers.thrift;

import io.polywire.peers.thrift.calls.Color;
import io.polywire.peers.thrift.calls.Everything;
import io.polywire.peers.thrift.calls.Point;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/** Values of every shape that must come back as they were sent. */
final class Shapes {
  record Shape(String name, String method, Object... args) {}

  private static final String TEXT = "aé你😀";

  private Shapes() {}

  static List<Shape> all() {
    List<String> items = IntStream.range(0, 300).mapToObj(String::valueOf).toList();
    return List.of(
        new Shape("no argument", "nothing"),
        new Shape("text", "echoString", TEXT),
        new Shape("empty text", "echoString", ""),
        new Shape("long text", "echoString", TEXT.repeat(3000)),
        new Shape("bytes", "echoBinary", bytes()),
        new Shape("empty bytes", "echoBinary", ByteBuffer.allocate(0)),
        new Shape("structure", "echoEverything", everything(List.of(everything(List.of()), everything(List.of())))),
        new Shape("bare structure", "echoEverything", bare()),
        new Shape("list", "echoList", List.of("a", "", TEXT)),
        new Shape("empty list", "echoList", List.of()),
        new Shape("long list", "echoList", items),
        new Shape("map", "echoMap", Map.of("one", 1L, "big", 9007199254740993L, "min", Long.MIN_VALUE)),
        new Shape("empty map", "echoMap", Map.of()));
  }

  static String compare(Connection connection, Shape shape) throws ReflectiveOperationException {
    Object sent = shape.args().length == 0 ? null : shape.args()[0];
    Object back = connection.call(shape.method(), shape.args());
    return Objects.equals(sent, back) ? "equal" : sent + " came back as " + back;
  }

  private static ByteBuffer bytes() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    return ByteBuffer.wrap(all);
  }

  /** Nothing but the fields that this library always writes. */
  private static Everything bare() {
    return new Everything().setYes(false).setNo(false).setTiny((byte) 0).setSmall((short) 0).setNumber(0).setBig(0).setReal(0);
  }

  private static Everything everything(List<Everything> children) {
    return new Everything()
        .setYes(true)
        .setNo(false)
        .setTiny(Byte.MIN_VALUE)
        .setSmall(Short.MIN_VALUE)
        .setNumber(Integer.MIN_VALUE)
        .setBig(Long.MAX_VALUE)
        .setReal(-1.5e300)
        .setText(TEXT)
        .setBytes(bytes())
        .setColor(Color.BLUE)
        .setPoint(new Point(1, -1))
        .setFlags(List.of(true, false, true))
        .setNumbers(IntStream.range(-10, 20).boxed().toList())
        .setNames(Set.of("x", "y"))
        .setCounts(Map.of("one", 1L, "min", Long.MIN_VALUE))
        .setTable(List.of(List.of("a"), List.of(), List.of("b", "c")))
        .setGroups(Map.of("g", List.of(new Point(1, 2), new Point(3, 4)), "none", List.of()))
        .setDeep(Map.of(7, Map.of("s", Set.of((short) -3, (short) 1, (short) 2))))
        .setChildren(children)
        .setNothing(Map.of())
        .setFar("far");
  }
}

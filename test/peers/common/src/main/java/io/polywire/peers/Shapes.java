package io.polywire.peers;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The arguments of the suite, including the edges of each compact form on the wire. */
final class Shapes {
  /** A call of {@link EchoService} and the value that must come back. */
  record Shape(String name, String method, Object expected, Object... arguments) {}

  private final List<Shape> shapes = new ArrayList<>();

  private Shapes() {}

  static List<Shape> all() {
    Shapes all = new Shapes();
    all.shapes.add(new Shape("no argument", "nothing", null));
    all.numbers();
    all.boxed();
    all.strings();
    all.values();
    all.arrays();
    all.objects();
    all.collections();
    return all.shapes;
  }

  private void add(String name, String method, Object value) {
    // The array keeps a null argument from becoming no argument at all.
    shapes.add(new Shape(name, method, value, new Object[] {value}));
  }

  private void numbers() {
    add("boolean true", "echoBoolean", true);
    add("boolean false", "echoBoolean", false);
    add("byte", "echoByte", (byte) -128);
    add("short", "echoShort", (short) -32768);
    for (int value : new int[] {0, -16, 47, 48, -2048, 2047, 2048, -262144, 262143, 262144, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      add("int " + value, "echoInt", value);
    }
    for (long value : new long[] {0, -8, 15, 16, -2048, 2048, -262144, 262144, Integer.MIN_VALUE, 1L << 31, Long.MIN_VALUE, Long.MAX_VALUE}) {
      add("long " + value, "echoLong", value);
    }
    add("float", "echoFloat", 1.5f);
    for (double value : new double[] {0, 1, -128, 127, 32767, 0.001, 3.141592653589793, Double.MAX_VALUE, Double.NaN}) {
      add("double " + value, "echoDouble", value);
    }
    add("negative zero", "echoDouble", -0.0);
    add("char", "echoChar", 'ж');
  }

  private void boxed() {
    for (String type : List.of("Boolean", "Byte", "Short", "Int", "Long", "Float", "Double", "Char")) {
      add("null " + type, "echoBoxed" + type, null);
    }
    add("Boolean", "echoBoxedBoolean", Boolean.TRUE);
    add("Byte", "echoBoxedByte", (byte) 7);
    add("Short", "echoBoxedShort", (short) 700);
    add("Int", "echoBoxedInt", 70_000);
    add("Long", "echoBoxedLong", 7_000_000_000L);
    add("Float", "echoBoxedFloat", 0.25f);
    add("Double", "echoBoxedDouble", 2.5);
    add("Char", "echoBoxedChar", 'x');
  }

  private void strings() {
    add("null string", "echoString", null);
    add("empty string", "echoString", "");
    add("string of 31", "echoString", "a".repeat(31));
    add("string of 32", "echoString", "a".repeat(32));
    add("string of 1023", "echoString", "a".repeat(1023));
    add("string of 1024", "echoString", "a".repeat(1024));
    add("latin string", "echoString", "café");
    add("chinese string", "echoString", "你好，世界");
    add("emoji string", "echoString", "a😀b");
    add("string of 32768", "echoString", "x".repeat(32_768));
    add("string of 100000", "echoString", "é".repeat(100_000));
    // The pair straddles the place where Hessian splits a long string.
    add("emoji at the chunk's end", "echoString", "x".repeat(32_767) + "😀tail");
  }

  private void values() {
    add("enum", "echoEnum", Color.GREEN);
    add("null enum", "echoEnum", null);
    add("date of milliseconds", "echoDate", new Date(1_700_000_000_123L));
    add("date of minutes", "echoDate", new Date(1_700_000_040_000L));
    add("date before 1970", "echoDate", new Date(-1L));
    add("local date and time", "echoLocalDateTime", LocalDateTime.of(2024, 2, 29, 12, 30, 15, 123_000_000));
    add("big decimal", "echoBigDecimal", new BigDecimal("12345678901234567890.123456789"));
    add("big integer", "echoBigInteger", BigInteger.TWO.pow(200));
  }

  private void arrays() {
    add("empty bytes", "echoBytes", new byte[0]);
    add("15 bytes", "echoBytes", bytes(15));
    add("1023 bytes", "echoBytes", bytes(1023));
    add("70000 bytes", "echoBytes", bytes(70_000));
    add("5000 bytes", "echoBytes", bytes(5000));
    add("4 MiB of bytes", "echoBytes", bytes(4 << 20));
    add("null bytes", "echoBytes", null);
    add("ints", "echoInts", new int[] {1, -1, Integer.MAX_VALUE});
    add("empty longs", "echoLongs", new long[0]);
    add("longs", "echoLongs", new long[] {0, 1L << 40, Long.MIN_VALUE, 5, 6, 7, 8, 9, 10});
    add("doubles", "echoDoubles", new double[] {0.5, -1, 1e300});
    add("booleans", "echoBooleans", new boolean[] {true, false});
    add("strings", "echoStrings", new String[] {"a", null, "", "你"});
    add("matrix", "echoMatrix", new int[][] {{1, 2}, {}, {3}});
    add("mixed objects", "echoObjects", new Object[] {1, "two", 3L, null, true, 4.5});
  }

  private void objects() {
    Person alone = new Person("Alone", 30);
    alone.setBalance(1L << 50);
    alone.setHeight(1.75);
    alone.setActive(true);
    alone.setBorn(new Date(1_000_000_000_000L));
    alone.setFavourite(Color.BLUE);
    alone.getNotes().put("k", "v");
    add("person", "echoPerson", alone);
    add("null person", "echoPerson", null);

    Person first = new Person("First", 1);
    Person second = new Person("Second", 2);
    first.setPartner(second);
    second.setPartner(first);
    first.getFriends().add(second);
    second.getFriends().add(first);
    second.getFriends().add(second);
    add("cyclic graph", "echoPerson", first);
    add("object as a string", "echoObject", "text");
    add("object as a person", "echoObject", new Person("Any", 3));
    add("object as null", "echoObject", null);
    add("object as a list", "echoObject", new ArrayList<>(List.of(1, "two")));
    add("person array", "echoPersonArray", new Person[] {new Person("One", 1), null, new Person("Two", 2)});

    Person last = new Person("Last", 9);
    shapes.add(
        new Shape(
            "many arguments", "echoAll",
            new Object[] {true, 1, 2, 3, 4L, 0.5, 0.25, "h", "nine", new int[] {10}, last},
            true, (byte) 1, (short) 2, 3, 4L, 0.5f, 0.25, 'h', "nine", new int[] {10}, last));
  }

  private void collections() {
    Person shared = new Person("Shared", 5);
    add("list of persons", "echoPersons", new ArrayList<>(Arrays.asList(new Person("P", 4), shared, shared, null)));
    add("empty list", "echoPersons", new ArrayList<>());
    add("null list", "echoPersons", null);
    add("map of persons", "echoPersonMap", new HashMap<>(Map.of("a", new Person("A", 1), "b", new Person("B", 2))));
    Map<Object, Object> keys = new HashMap<>();
    keys.put(1, "int key");
    keys.put(2L, "long key");
    keys.put(true, 3);
    keys.put("text", null);
    add("map with keys of many kinds", "echoMap", keys);
    add("empty map", "echoMap", new HashMap<>());
    add("set", "echoSet", new HashSet<>(Set.of("x", "y", "z")));
    Map<String, Object> row = new HashMap<>();
    row.put("n", 1);
    row.put("list", new ArrayList<>(List.of("deep")));
    add("list of maps", "echoMapList", new ArrayList<>(List.of(row, new HashMap<>())));
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31);
    }
    return bytes;
  }
}

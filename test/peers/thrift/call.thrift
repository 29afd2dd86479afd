// What the Thrift peers of the end-to-end tests serve and call. Read by the compiler 0.17, whose output their libraries take.
namespace java io.polywire.peers.thrift.calls
namespace go calls
namespace py calls

enum Color {
  RED = 1,
  GREEN = 2,
  BLUE = 200,
}

struct Point {
  1: i32 x,
  2: i32 y,
}

/** Every field type, nested containers, steps between field ids that the compact encoding writes in its long form. */
struct Everything {
  1: bool yes,
  2: bool no,
  3: i8 tiny,
  4: i16 small,
  5: i32 number,
  6: i64 big,
  7: double real,
  8: string text,
  9: binary bytes,
  10: Color color,
  11: Point point,
  12: list<bool> flags,
  13: list<i32> numbers,
  14: set<string> names,
  15: map<string, i64> counts,
  16: list<list<string>> table,
  17: map<string, list<Point>> groups,
  18: map<i32, map<string, set<i16>>> deep,
  19: list<Everything> children,
  20: map<string, string> nothing,
  21: optional string absent,
  400: string far,
}

struct Answer {
  1: string provider,
  2: string token,
  /** The THeader headers that the provider read with the call. */
  3: map<string, string> headers,
}

exception AccountException {
  1: string account,
  2: i32 code,
}

service Calls {
  void nothing(),
  string echoString(1: string text),
  binary echoBinary(1: binary bytes),
  Everything echoEverything(1: Everything value),
  list<string> echoList(1: list<string> items),
  map<string, i64> echoMap(1: map<string, i64> items),
  Answer who(1: string token),
  Answer slow(1: i32 milliseconds, 2: string token),
  /** An argument of each scalar type, for rules that read them; the token is `text`. */
  Answer pick(1: bool flag, 2: i8 tiny, 3: i16 small, 4: i32 number, 5: i64 big, 6: double real, 7: string text, 8: Color color),
  /** Throws the exception that it declares. */
  string fail(1: string account) throws (1: AccountException refused),
  /** Throws what it does not declare. */
  string crash(1: string reason),
  oneway void note(1: string text),
  list<string> noted(),
}

/** A second service, for a multiplexed port. */
service Others {
  Answer who(1: string token),
}

/** What a newer client calls: no provider has the method that it adds. */
service LaterCalls extends Calls {
  string added(1: string text),
}

package io.polywire.peers;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDateTime;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Every method answers its argument: one method for each shape an argument can have on the wire. */
public interface EchoService {
  void nothing();

  boolean echoBoolean(boolean value);

  byte echoByte(byte value);

  short echoShort(short value);

  int echoInt(int value);

  long echoLong(long value);

  float echoFloat(float value);

  double echoDouble(double value);

  char echoChar(char value);

  Boolean echoBoxedBoolean(Boolean value);

  Byte echoBoxedByte(Byte value);

  Short echoBoxedShort(Short value);

  Integer echoBoxedInt(Integer value);

  Long echoBoxedLong(Long value);

  Float echoBoxedFloat(Float value);

  Double echoBoxedDouble(Double value);

  Character echoBoxedChar(Character value);

  String echoString(String value);

  Color echoEnum(Color value);

  Date echoDate(Date value);

  LocalDateTime echoLocalDateTime(LocalDateTime value);

  BigDecimal echoBigDecimal(BigDecimal value);

  BigInteger echoBigInteger(BigInteger value);

  Person echoPerson(Person value);

  List<Person> echoPersons(List<Person> value);

  Person[] echoPersonArray(Person[] value);

  Map<String, Person> echoPersonMap(Map<String, Person> value);

  Map<Object, Object> echoMap(Map<Object, Object> value);

  Set<String> echoSet(Set<String> value);

  List<Map<String, Object>> echoMapList(List<Map<String, Object>> value);

  byte[] echoBytes(byte[] value);

  int[] echoInts(int[] value);

  long[] echoLongs(long[] value);

  double[] echoDoubles(double[] value);

  boolean[] echoBooleans(boolean[] value);

  String[] echoStrings(String[] value);

  int[][] echoMatrix(int[][] value);

  Object echoObject(Object value);

  Object[] echoObjects(Object[] value);

  /** Answers all its arguments in order, so that a caller sees each of them arrive. */
  Object[] echoAll(boolean a, byte b, short c, int d, long e, float f, double g, char h, String i, int[] j, Person k);
}

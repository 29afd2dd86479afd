package io.polywire.peers;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDateTime;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;

public class EchoServiceImpl implements EchoService {
  public void nothing() {}

  public boolean echoBoolean(boolean value) {
    return value;
  }

  public byte echoByte(byte value) {
    return value;
  }

  public short echoShort(short value) {
    return value;
  }

  public int echoInt(int value) {
    return value;
  }

  public long echoLong(long value) {
    return value;
  }

  public float echoFloat(float value) {
    return value;
  }

  public double echoDouble(double value) {
    return value;
  }

  public char echoChar(char value) {
    return value;
  }

  public Boolean echoBoxedBoolean(Boolean value) {
    return value;
  }

  public Byte echoBoxedByte(Byte value) {
    return value;
  }

  public Short echoBoxedShort(Short value) {
    return value;
  }

  public Integer echoBoxedInt(Integer value) {
    return value;
  }

  public Long echoBoxedLong(Long value) {
    return value;
  }

  public Float echoBoxedFloat(Float value) {
    return value;
  }

  public Double echoBoxedDouble(Double value) {
    return value;
  }

  public Character echoBoxedChar(Character value) {
    return value;
  }

  public String echoString(String value) {
    return value;
  }

  public Color echoEnum(Color value) {
    return value;
  }

  public Date echoDate(Date value) {
    return value;
  }

  public LocalDateTime echoLocalDateTime(LocalDateTime value) {
    return value;
  }

  public BigDecimal echoBigDecimal(BigDecimal value) {
    return value;
  }

  public BigInteger echoBigInteger(BigInteger value) {
    return value;
  }

  public Person echoPerson(Person value) {
    return value;
  }

  public List<Person> echoPersons(List<Person> value) {
    return value;
  }

  public Person[] echoPersonArray(Person[] value) {
    return value;
  }

  public Map<String, Person> echoPersonMap(Map<String, Person> value) {
    return value;
  }

  public Map<Object, Object> echoMap(Map<Object, Object> value) {
    return value;
  }

  public Set<String> echoSet(Set<String> value) {
    return value;
  }

  public List<Map<String, Object>> echoMapList(List<Map<String, Object>> value) {
    return value;
  }

  public byte[] echoBytes(byte[] value) {
    return value;
  }

  public int[] echoInts(int[] value) {
    return value;
  }

  public long[] echoLongs(long[] value) {
    return value;
  }

  public double[] echoDoubles(double[] value) {
    return value;
  }

  public boolean[] echoBooleans(boolean[] value) {
    return value;
  }

  public String[] echoStrings(String[] value) {
    return value;
  }

  public int[][] echoMatrix(int[][] value) {
    return value;
  }

  public Object echoObject(Object value) {
    return value;
  }

  public Object[] echoObjects(Object[] value) {
    return value;
  }

  public Object[] echoAll(boolean a, byte b, short c, int d, long e, float f, double g, char h, String i, int[] j, Person k) {
    return new Object[] {a, (int) b, (int) c, d, e, (double) f, g, String.valueOf(h), i, j, k};
  }
}

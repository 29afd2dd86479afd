package io.polywire.peers;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A node of an object graph that may be cyclic: a friend's friends may contain the first person. */
public class Person implements Serializable {
  private static final long serialVersionUID = 1L;

  private String name;
  private int age;
  private Long balance;
  private double height;
  private boolean active;
  private Date born;
  private Color favourite;
  private Person partner;
  private List<Person> friends = new ArrayList<>();
  private Map<String, String> notes = new HashMap<>();

  public Person() {}

  public Person(String name, int age) {
    this.name = name;
    this.age = age;
  }

  public String getName() {
    return name;
  }

  public void setName(String name) {
    this.name = name;
  }

  public int getAge() {
    return age;
  }

  public void setAge(int age) {
    this.age = age;
  }

  public Long getBalance() {
    return balance;
  }

  public void setBalance(Long balance) {
    this.balance = balance;
  }

  public double getHeight() {
    return height;
  }

  public void setHeight(double height) {
    this.height = height;
  }

  public boolean isActive() {
    return active;
  }

  public void setActive(boolean active) {
    this.active = active;
  }

  public Date getBorn() {
    return born;
  }

  public void setBorn(Date born) {
    this.born = born;
  }

  public Color getFavourite() {
    return favourite;
  }

  public void setFavourite(Color favourite) {
    this.favourite = favourite;
  }

  public Person getPartner() {
    return partner;
  }

  public void setPartner(Person partner) {
    this.partner = partner;
  }

  public List<Person> getFriends() {
    return friends;
  }

  public void setFriends(List<Person> friends) {
    this.friends = friends;
  }

  public Map<String, String> getNotes() {
    return notes;
  }

  public void setNotes(Map<String, String> notes) {
    this.notes = notes;
  }
}

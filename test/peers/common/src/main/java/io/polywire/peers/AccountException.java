package io.polywire.peers;

/** A checked exception that is part of a service's contract. */
public class AccountException extends Exception {
  private static final long serialVersionUID = 1L;

  private String account;

  public AccountException() {}

  public AccountException(String account, String message) {
    super(message);
    this.account = account;
  }

  public String getAccount() {
    return account;
  }

  public void setAccount(String account) {
    this.account = account;
  }
}
